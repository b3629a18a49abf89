"""The reward for slime, called as it documents: it is not on PyPI."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass, field
from typing import Any

import pytest

from raif.errors import RaifError
from raif.integrations.slime import custom_rm
from tests.integrations.page import example

IFEVAL = {"instruction_id_list": ["punctuation:no_comma", "detectable_format:title"], "kwargs": [{}, {}]}


@dataclass
class Sample:
    """The fields of slime's own that a reward reads."""

    prompt: Any = "Describe tea."
    response: str = ""
    label: str | None = None
    metadata: dict[str, Any] = field(default_factory=dict)


def reward(sample: Any, **options: Any) -> Any:
    return asyncio.run(custom_rm(None, sample, **options))


def test_reward_is_the_share_of_constraints_followed() -> None:
    assert reward(Sample(response="a b<|im_end|>", label=json.dumps(IFEVAL))) == 0.5


def test_checks_can_be_in_the_metadata() -> None:
    assert reward(Sample(response="<<a>>", metadata=IFEVAL | {"rm_type": "ifbench"})) == 1


def test_of_a_group_there_is_a_list() -> None:
    group = [Sample(response=text, metadata=IFEVAL) for text in ("a b", "<<a>>", "a, b")]
    assert reward(group) == [0.5, 1, 0]


@pytest.mark.parametrize("label", [None, "42", '{"constraints": [{"id": "nobody"}]}'])
def test_what_cannot_be_judged_is_an_error_and_never_a_reward(label: str | None) -> None:
    with pytest.raises(RaifError):
        reward(Sample(response="a", label=label))


def test_the_example_of_the_page() -> None:
    """slime awaits the function that a path names, with its arguments and a sample."""
    module: dict[str, Any] = {}
    exec(example("slime", "python"), module)
    row = json.loads(example("slime", "json"))
    prompt = f"<|user|>{row['prompt']}<|assistant|><think>"
    for response, share in (
        ("Hm, tea.</think>Tea is warm.", 1),
        ("Hm.</think>Tea, warm.", 0),
        ("Hm", 0),
    ):
        sample = Sample(prompt, response, row["label"])
        assert asyncio.run(module["custom_rm"](None, sample)) == share
