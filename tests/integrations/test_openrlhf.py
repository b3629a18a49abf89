"""The reward for OpenRLHF, also in its own executor."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from raif.errors import RaifError
from raif.integrations.openrlhf import reward_func
from tests.integrations.page import example

torch = pytest.importorskip("torch", reason="needs raif[train]")

PROMPT = "<|im_start|>user\nDescribe tea. Do not use commas.<|im_end|>\n<|im_start|>assistant\n"
LABEL = json.dumps({"constraints": [{"id": "punctuation:no_comma"}, {"id": "detectable_format:title"}]})


def test_rewards_are_tensors_of_the_shares() -> None:
    answers = ("a b<|im_end|>", "<<a>><|im_end|>", "a, b")
    found = reward_func([PROMPT + answer for answer in answers], [PROMPT] * 3, [LABEL] * 3)
    assert found["rewards"].tolist() == found["scores"].tolist() == [0.5, 1, 0]
    assert found["extra_logs"]["followed"].tolist() == [0, 1, 0]


def test_a_prompt_that_was_cut_at_its_start_is_found() -> None:
    assert reward_func([PROMPT[20:] + "<<a>>"], [PROMPT], [LABEL])["rewards"].tolist() == [1]


def test_a_query_without_its_prompt_is_an_error() -> None:
    with pytest.raises(RaifError, match="doesn't begin with its prompt, but with '<<a>>'"):
        reward_func(["<<a>>"], [PROMPT], [LABEL])


@pytest.mark.parametrize("label", ["", "42", '{"constraints": [{"id": "nobody"}]}'])
def test_what_cannot_be_judged_is_an_error_and_never_a_reward(label: str) -> None:
    with pytest.raises(RaifError):
        reward_func([PROMPT + "a"], [PROMPT], [label])


@pytest.mark.slow
def test_its_executor_takes_the_example_of_the_page(tmp_path: Path) -> None:
    pytest.importorskip("openrlhf", reason="needs OpenRLHF 0.11: docs/integrations.md")
    agent = pytest.importorskip("openrlhf.utils.agent", reason="needs OpenRLHF 0.11: docs/integrations.md")
    (tmp_path / "reward.py").write_text(example("OpenRLHF", "python"), "utf-8")
    row = json.loads(example("OpenRLHF", "json"))
    prompt = f"<|im_start|>user\n{row['input']}<|im_end|>\n<|im_start|>assistant\n<think>\n"

    class Letters:
        """A tokenizer with a token for each character."""

        def __call__(self, text: str, **options: Any) -> dict[str, Any]:
            return {"input_ids": torch.tensor([[ord(letter) for letter in text]])}

        def decode(self, ids: list[int], skip_special_tokens: bool) -> str:
            return "".join(map(chr, ids))

    class Engine:
        def __init__(self, text: str) -> None:
            self.text = text

        async def generate(self, *args: Any, **options: Any) -> Any:
            ids = [ord(letter) for letter in self.text]
            return SimpleNamespace(
                outputs=[SimpleNamespace(token_ids=ids, finish_reason="stop", logprobs=None)]
            )

    def executed(text: str) -> Any:
        executor = agent.SingleTurnAgentExecutor(str(tmp_path / "reward.py"))
        settings = SimpleNamespace(max_tokens=100, logprobs=None)
        done = executor.execute(prompt, row["label"], settings, 4096, Letters(), Engine(text))
        return asyncio.run(done)

    found = executed("Hm, tea.\n</think>\nTea is warm.<|im_end|>")
    assert torch.tensor([found["reward"]]).tolist() == [1]  # as its samples generator does
    assert found["extra_logs"]["followed"].tolist() == [1]
    assert torch.tensor([executed("Hm.</think>Tea, warm.<|im_end|>")["reward"]]).tolist() == [0]
