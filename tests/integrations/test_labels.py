"""What the rewards share: checks in labels, responses freed of tokens, verdicts as a number."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import raif.integrations
from raif.errors import RaifError, RecordError
from raif.integrations import generated, labelled, rewarded

ROW = {"constraints": [{"id": "punctuation:no_comma"}, {"id": "detectable_format:title"}]}
IFEVAL = {"instruction_id_list": ["punctuation:no_comma"], "kwargs": [{}]}


@pytest.mark.parametrize(("row", "share"), [(ROW, 0.5), (IFEVAL, 1)])
def test_a_label_is_a_row_or_its_json(row: dict[str, Any], share: float) -> None:
    assert rewarded(labelled(row), "a b")[0] == rewarded(labelled(json.dumps(row)), "a b")[0] == share


@pytest.mark.parametrize(
    "label",
    [
        "[{'instruction_id': ['punctuation:no_comma'], 'kwargs': [None]}]",
        '{"func_name": "validate_end", "end_phrase": "Bye."}',
    ],
)
def test_a_label_can_be_one_of_open_instructs(label: str) -> None:
    assert rewarded(labelled(label), "Hi. Bye.") == (1, True)


@pytest.mark.parametrize(
    "label", [None, "", "42", "[]", "{", {}, '{"id": "tea-1"}', "[" * 100_000, '{"a":' * 100_000]
)
def test_a_label_without_checks_is_an_error(label: object) -> None:
    with pytest.raises(RecordError, match="a row without checks"):
        labelled(label)


@pytest.mark.parametrize(
    ("text", "prompt", "think", "expected"),
    [
        ("Warm.<|im_end|>\n", "Hi", "none", "Warm."),
        ("Warm.</s><pad><pad>", "Hi", "none", "Warm."),
        ("Warm.\n<｜end▁of▁sentence｜>", "Hi", "none", "Warm."),
        ("Warm.\n", "Hi", "none", "Warm.\n"),
        ("The end token is <|im_end|> here.", "Hi", "none", "The end token is <|im_end|> here."),
        ("Hm.</think>Warm.", "Hi<think>\n", "auto", "<think>\nHm.</think>Warm."),
        ("Hm.</think>Warm.", "Hi<think>\n", "none", "Hm.</think>Warm."),
        ("Warm.", "Hi<think>\n\n</think>\n\n", "deepseek", "<think>\n\n</think>\nWarm."),
        ("Warm.", [{"role": "user", "content": "<think>"}], "deepseek", "Warm."),
        ("Warm.", None, "deepseek", "Warm."),
    ],
)
def test_a_response_is_what_think_reads(text: str, prompt: object, think: Any, expected: str) -> None:
    assert generated(text, prompt, think) == expected


def test_a_thought_that_the_prompt_has_opened_and_that_never_ends_is_no_answer() -> None:
    assert rewarded(ROW, generated("Hm, no commas", "Hi<think>\n", "auto"), "auto") == (0, False)


def test_the_share_and_whether_all_are_followed() -> None:
    assert rewarded(ROW, "a b") == (0.5, False)
    assert rewarded(ROW, "<<a>>") == (1, True)
    with pytest.raises(RaifError, match="no constraint that could be judged"):
        rewarded({"constraints": []}, "a b")


def test_no_library_is_imported() -> None:
    folder = Path(raif.integrations.__path__[0])
    names = [path.stem for path in [*folder.glob("*.py"), folder / "lm_eval"] if path.stem != "__init__"]
    assert len(names) >= 6
    imports = "".join(f"import raif.integrations.{name}\n" for name in names)
    code = f"import sys\n{imports}print(*{set(names) | {'torch', 'datasets'}} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""
