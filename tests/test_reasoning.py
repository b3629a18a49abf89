from __future__ import annotations

from typing import Any

import pytest

from raif.errors import RaifError
from raif.reasoning import OF_MODELS, Tags, parted, split, tags_in


@pytest.mark.parametrize("tags", OF_MODELS, ids=lambda tags: tags.open)
def test_every_known_pair_of_tags_is_found(tags: Tags) -> None:
    found = split(f"{tags.open}\na, b\n{tags.close}\n\nTea.\n", "auto")
    assert (found.thinking, found.answer, found.format_valid) == ("a, b", "Tea.", True)


@pytest.mark.parametrize(
    ("text", "thinking", "answer"),
    [
        ("a, b\n</think>\nTea.", "a, b", "Tea."),  # the prompt opened it
        ("<think>a</think><answer>Tea.</answer>", "a", "Tea."),
        ("<think>a</think>b</think>Tea.", "a\nb", "Tea."),
        ("Well.\n<think>a</think>Tea.", "Well.\na", "Tea."),
        ("<think>cut off", "cut off", None),
        ("<think></think>", "", ""),
    ],
)
def test_thinking_ends_at_the_last_closing_tag(text: str, thinking: str, answer: str | None) -> None:
    found = split(text, "auto")
    assert (found.thinking, found.answer) == (thinking, answer)


@pytest.mark.parametrize(
    "text",
    ["\n Tea.\n", "<answer>Tea.</answer>", "Put it between <think> and </think>.", "The tag <think> is one."],
)
def test_a_text_without_thinking_stays_as_it_is(text: str) -> None:
    assert tags_in(text) is None
    assert split(text, "auto").answer == text


def test_tags_of_ones_own() -> None:
    own = Tags("<<<", ">>>")
    assert split("<<<a>>> Tea.", own).answer == "Tea."
    assert split("a>>> Tea.", own).thinking == "a"
    assert split("<<<a", own).answer is None
    assert split(" <think>a</think>", own).answer == " <think>a</think>"
    as_yaml_has_them: Any = ["<<<", ">>>"]
    assert split("<<<a>>> Tea.", as_yaml_has_them) == split("<<<a>>> Tea.", own)


def test_an_unknown_way_to_mark_thinking_is_the_users_error() -> None:
    mistaken: Any = "deepsek"
    with pytest.raises(RaifError, match="think: unknown value 'deepsek'\nDid you mean 'deepseek'"):
        split("Tea.", mistaken)


def test_thinking_that_a_server_split_off_comes_first() -> None:
    assert parted("<think>b</think> Tea. ", " a ") == ("a\nb", "Tea.")
    assert parted("<answer>Tea.</answer>", "a") == ("a", "Tea.")
    assert parted("<think>b", "a") == ("a\nb", None)
