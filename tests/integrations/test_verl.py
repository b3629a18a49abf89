"""The reward for verl, also in its own reward manager."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
import yaml

from raif.errors import RaifError
from raif.integrations.verl import compute_score
from tests.integrations.page import example

CHECKS = {"constraints": [{"id": "punctuation:no_comma"}, {"id": "detectable_format:title"}]}


@pytest.mark.parametrize(
    ("text", "score", "acc"), [("a b", 0.5, 0), ("<<a>>", 1, 1), ("a, b", 0, 0), ("", 0, 0)]
)
@pytest.mark.parametrize("truth", [CHECKS, json.dumps(CHECKS)], ids=["object", "text"])
def test_score_is_the_share_of_constraints_followed(truth: Any, text: str, score: float, acc: float) -> None:
    assert compute_score("raif", text, truth, {"num_turns": 1}) == {"score": score, "acc": acc}


def test_arguments_that_are_not_needed_are_taken() -> None:
    assert compute_score("raif", "a b", CHECKS, reward_router_address="127.0.0.1:1")["score"] == 0.5


@pytest.mark.parametrize("truth", ["42", {}, {"constraints": [{"id": "nobody"}]}])
def test_what_cannot_be_judged_is_an_error_and_never_a_reward(truth: Any) -> None:
    with pytest.raises(RaifError):
        compute_score("raif", "a", truth)


@pytest.mark.slow
def test_its_reward_manager_takes_the_example_of_the_page() -> None:
    pytest.importorskip("verl", reason="needs verl 0.9: docs/integrations.md")
    import numpy as np
    import torch
    from omegaconf import OmegaConf
    from verl import DataProto
    from verl.trainer.ppo.reward import load_reward_manager

    class Letters:
        """A tokenizer with a token for each character."""

        def decode(self, ids: Any, skip_special_tokens: bool) -> str:
            return "".join(map(chr, ids))

    config = OmegaConf.create(yaml.safe_load(example("verl", "yaml")))
    config.reward.reward_manager = {"source": "register", "name": "naive"}
    row = json.loads(example("verl", "json"))

    async def scored(text: str) -> dict[str, Any]:
        ids = torch.tensor([[ord(letter) for letter in text]])
        manager = load_reward_manager(config, Letters())
        batch = DataProto.from_dict(
            tensors={"responses": ids, "attention_mask": torch.ones_like(ids)},
            non_tensors={
                "data_source": np.array([row["data_source"]], dtype=object),
                "reward_model": np.array([row["reward_model"]], dtype=object),
                "extra_info": np.array([{}], dtype=object),
            },
        )
        return await manager.run_single(batch)

    found = asyncio.run(scored("Hm, tea.</think>Tea is warm."))
    assert found == {"reward_score": 1, "reward_extra_info": {"score": 1, "acc": 1}}
    assert asyncio.run(scored("Hm.</think>Tea, warm."))["reward_score"] == 0
    assert asyncio.run(scored("Hm, and it never ends"))["reward_score"] == 0
