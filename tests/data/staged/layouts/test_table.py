"""The layouts that docs/data.md lists: a row of each data set, and what is read from it."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from raif.config.staged import SeedSourceConfig
from raif.data.staged.layouts import LAYOUTS, UserRequest, tell

DOCS = Path(__file__).parents[4] / "docs" / "data.md"
ASKED = "How do bees find their way home?"
SYSTEM = "You are a patient teacher."
ANSWER = "They use the sun."


class Case(NamedTuple):
    layout: str
    row: dict[str, Any]
    request: UserRequest


def said(*turns: str, role: str = "role", content: str = "content", names: str = "user assistant") -> Any:
    """The turns of a conversation, the user's first, under the names of a data set."""
    user, assistant = names.split()
    return [{role: (user, assistant)[n % 2], content: text} for n, text in enumerate(turns)]


SHAREGPT = said(ASKED, ANSWER, role="from", content="value", names="human gpt")
CASES = {
    "ShareGPT": Case("sharegpt", {"id": "QWJhYvA_0", "conversations": SHAREGPT}, UserRequest(ASKED)),
    "SlimOrca": Case(
        "sharegpt",
        {"conversations": [{"from": "system", "value": SYSTEM, "weight": None}, *SHAREGPT]},
        UserRequest(ASKED, SYSTEM),
    ),
    "Guanaco": Case(
        "sharegpt",
        {"conversations": said(ASKED, ANSWER, content="text", names="prompter assistant")},
        UserRequest(ASKED),
    ),
    "Infinity-Instruct": Case(
        "sharegpt",
        {
            "id": 7,
            "conversations": SHAREGPT,
            "label": {"ability_en": ["knowledge"]},
            "langdetect": "en",
            "source": "x",
        },
        UserRequest(ASKED, language="en"),
    ),
    "LLaMA-Factory's sharegpt": Case(
        "sharegpt", {"conversations": SHAREGPT, "system": SYSTEM, "tools": ""}, UserRequest(ASKED, SYSTEM)
    ),
    "OpenAI fine-tuning": Case(
        "messages",
        {"messages": [{"role": "system", "content": SYSTEM}, *said(ASKED, ANSWER)]},
        UserRequest(ASKED, SYSTEM),
    ),
    "OpenAI with content parts": Case(
        "messages",
        {
            "messages": [
                {"role": "developer", "content": [{"type": "text", "text": SYSTEM}]},
                {
                    "role": "user",
                    "content": [{"type": "text", "text": ASKED}, {"type": "text", "text": "In short."}],
                },
            ]
        },
        UserRequest(f"{ASKED}\n\nIn short.", SYSTEM),
    ),
    "Magpie": Case(
        "magpie",
        {
            "uuid": "b1c4",
            "model": "Llama-3-70B-Instruct",
            "gen_input_configs": {"temperature": 1.0},
            "instruction": ASKED,
            "response": ANSWER,
            "conversations": SHAREGPT,
            "task_category": "Information seeking",
            "language": "EN",
        },
        UserRequest(ASKED, language="EN"),
    ),
    "Tulu 3": Case(
        "tulu",
        {"id": "oasst1_7", "messages": said(ASKED, ANSWER), "source": "ai2-adapt-dev/oasst1_converted"},
        UserRequest(ASKED),
    ),
    "Dolly": Case(
        "dolly",
        {
            "instruction": "When did it begin?",
            "context": "The firm began in 2000.",
            "response": "2000",
            "category": "closed_qa",
        },
        UserRequest("When did it begin?\n\nThe firm began in 2000."),
    ),
    "UltraChat 200k": Case(
        "ultrachat",
        {"prompt": ASKED, "prompt_id": "f0e3", "messages": said(ASKED, ANSWER, "And at night?")},
        UserRequest(ASKED),
    ),
    "UltraChat": Case("ultrachat_data", {"id": "0", "data": [ASKED, ANSWER]}, UserRequest(ASKED)),
    "OpenOrca": Case(
        "openorca",
        {"id": "flan.1", "system_prompt": SYSTEM, "question": ASKED, "response": ANSWER},
        UserRequest(ASKED, SYSTEM),
    ),
    "OpenOrca without a system prompt": Case(
        "openorca",
        {"id": "niv.2", "system_prompt": "", "question": ASKED, "response": ANSWER},
        UserRequest(ASKED),
    ),
    "WildChat": Case(
        "wildchat",
        {
            "conversation_hash": "cf1a",
            "model": "gpt-4",
            "conversation": [
                {"content": ASKED, "role": "user", "language": "English", "toxic": False, "redacted": False},
                {"content": ANSWER, "role": "assistant", "language": "English", "toxic": False},
            ],
            "turn": 1,
            "language": "English",
            "openai_moderation": [{"flagged": False}],
            "toxic": False,
            "redacted": False,
        },
        UserRequest(ASKED, language="English"),
    ),
    "LMSYS-Chat": Case(
        "wildchat",
        {
            "conversation_id": "33f8",
            "conversation": said(ASKED, ANSWER),
            "language": "English",
            "openai_moderation": [{"flagged": True, "categories": {"hate": True}}],
            "redacted": False,
        },
        UserRequest(ASKED, language="English", flag="toxic"),
    ),
    "Alpaca": Case(
        "alpaca",
        {"instruction": "Translate.", "input": "Good day", "output": "Guten Tag", "text": "Below is ..."},
        UserRequest("Translate.\n\nGood day"),
    ),
    "LLaMA-Factory's alpaca": Case(
        "alpaca",
        {
            "instruction": "And at night?",
            "input": "",
            "output": "...",
            "system": SYSTEM,
            "history": [[ASKED, ANSWER]],
        },
        UserRequest(ASKED, SYSTEM),
    ),
    "The paper's": Case(
        "released",
        {
            "input": f"<|im_start|>system\n{SYSTEM}<|im_end|>\n<|im_start|>user\n{ASKED}<|im_end|>\n"
            "<|im_start|>assistant\n<think>",
            "target": '{"instruction_id_list": [], "kwargs": []}',
            "task": "ifeval",
        },
        UserRequest(ASKED, SYSTEM),
    ),
    "Firefly": Case("input", {"kind": "OpenQA", "input": ASKED, "target": ANSWER}, UserRequest(ASKED)),
    "UltraFeedback": Case(
        "prompt",
        {"prompt": ASKED, "prompt_id": "4d", "chosen": said(ASKED, ANSWER), "rejected": said(ASKED, "No.")},
        UserRequest(ASKED),
    ),
    "TRL with turns as the prompt": Case(
        "prompt",
        {"prompt": [{"role": "system", "content": SYSTEM}, *said(ASKED)], "completion": said(ANSWER)},
        UserRequest(ASKED, SYSTEM),
    ),
    "GSM8K": Case("question", {"question": ASKED, "answer": "#### 4"}, UserRequest(ASKED)),
    "MetaMathQA": Case(
        "query", {"type": "GSM_Rephrased", "query": ASKED, "response": "4"}, UserRequest(ASKED)
    ),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_a_row_of_each_data_set(case: Case) -> None:
    assert tell(case.row) == case.layout
    assert LAYOUTS[case.layout].request(case.row) == case.request


def test_every_layout_has_a_row_here() -> None:
    assert {case.layout for case in CASES.values()} == set(LAYOUTS)


@pytest.mark.parametrize("name", sorted({case.layout for case in CASES.values()}))
def test_the_docs_and_the_help_name_every_layout(name: str) -> None:
    table = {
        row: line
        for line in DOCS.read_text("utf-8").splitlines()
        for row in re.findall(r"^\| `(\w+)` ", line)
    }
    assert all(f"`{column}`" in table[name] for column in LAYOUTS[name].columns)
    assert re.search(rf"\b{name}\b", (Path(__file__).parents[4] / "raif/config/staged.py").read_text("utf-8"))


@pytest.mark.parametrize(
    "opening",
    [
        [],
        None,
        "not JSON",
        ["text"],
        said(ANSWER, names="assistant user"),
        said("  "),
        [{"role": "user", "content": None}],
        [{"role": "system", "content": SYSTEM}],
    ],
)
def test_what_a_user_does_not_open_has_no_request(opening: Any) -> None:
    assert LAYOUTS["messages"].request({"messages": opening}) is None


def test_a_picture_is_a_reason_to_drop() -> None:
    parts = [{"type": "image_url", "image_url": {"url": "x"}}, {"type": "text", "text": ASKED}]
    found = LAYOUTS["messages"].request({"messages": [{"role": "user", "content": parts}]})
    assert found == UserRequest(ASKED, flag="not only text")


@pytest.mark.parametrize("flag", ["toxic", "redacted"])
def test_flags_count_on_the_row_and_on_the_turn(flag: str) -> None:
    row = CASES["WildChat"].row
    first = {**row["conversation"][0], flag: True}
    for flagged in ({**row, flag: True}, {**row, "conversation": [first]}):
        found = LAYOUTS["wildchat"].request(flagged)
        assert found
        assert found.flag == flag


def test_turns_as_json_text_and_as_columns() -> None:
    """CSV holds them as text; a `Sequence` of the library datasets is a column for each field of a turn."""
    text = json.dumps([{"from": "human", "value": ASKED}])
    columns = {"from": ["human", "gpt"], "value": [ASKED, ANSWER]}
    for turns in (text, columns):
        assert LAYOUTS["sharegpt"].request({"conversations": turns}) == UserRequest(ASKED)


def test_columns_that_are_null_tell_nothing() -> None:
    """Files with columns give each row those of all the others."""
    assert tell({"messages": None, "conversations": None, "prompt": ASKED}) == "prompt"
    assert tell({"text": ASKED}) is None


def test_an_unknown_layout_is_named_with_the_nearest() -> None:
    from raif.data.staged.sources import check_layout
    from raif.errors import ConfigError

    with pytest.raises(ConfigError, match="'sharegtp'") as caught:
        check_layout(SeedSourceConfig(packaged=True, layout="sharegtp"))
    assert "'sharegpt'" in caught.value.hint
