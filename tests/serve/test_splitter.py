from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from raif.reasoning import OPENED, Style, split
from raif.serve.middleware import Parts, Splitter

PIECES = st.lists(
    st.sampled_from(
        [
            "<think>",
            "</think>",
            "<answer>",
            "</answer>",
            "<",
            "</",
            "<thin",
            "k>",
            "a",
            "b <c",
            "\n",
            " ",
            "思",
        ]
    ),
    max_size=14,
)
WORDS = st.text(st.sampled_from("ab思 \n</>"), max_size=12)
STYLES = st.sampled_from(["tagged", "deepseek"])


def fed(style: Style, *pieces: str) -> Parts:
    splitter = Splitter(style)
    given = [*map(splitter.feed, pieces), splitter.close()]
    return Parts("".join(p.thinking for p in given), "".join(p.answer for p in given))


@given(STYLES, PIECES)
def test_how_it_is_cut_into_pieces_changes_nothing(style: Style, pieces: list[str]) -> None:
    text = "".join(pieces)
    assert fed(style, *pieces) == fed(style, text) == fed(style, *text)


@given(WORDS, WORDS, st.sampled_from(["", "\n", " \n\n"]))
def test_a_response_in_the_right_format_is_split_as_in_training(thought: str, answer: str, gap: str) -> None:
    for style, response in (
        ("tagged", f"{thought}</think>{gap}<answer>{answer}</answer>{gap}"),
        ("deepseek", f"{thought}</think>{gap}{answer}"),
    ):
        whole = split(OPENED + response, style)
        if whole.format_valid:
            assert fed(style, *response) == Parts(whole.thinking, whole.answer or "")


@given(STYLES, PIECES)
def test_the_prompt_may_have_opened_the_reasoning_or_not(style: Style, pieces: list[str]) -> None:
    assert fed(style, "<thi", "nk>", *pieces) == fed(style, *pieces)


@given(STYLES, st.lists(st.sampled_from(["a", "b <c", "</t", "\n", "思"]), min_size=3, max_size=9), st.data())
def test_only_tags_and_outer_whitespace_are_lost(style: Style, words: list[str], data: st.DataObject) -> None:
    tags = [tag for tag in ("</think>", "<answer>", "</answer>") if data.draw(st.booleans())]
    text = "".join(w + t for w, t in zip(words, [*tags, *[""] * len(words)], strict=False))
    parts = fed(style, text)
    kept = sorted((parts.thinking + parts.answer).replace("\n", ""))
    assert len(kept) >= len(text.replace("\n", "")) - sum(map(len, tags))


@pytest.mark.parametrize(
    ("style", "text", "thinking", "answer"),
    [
        ("tagged", "so it is 4", "so it is 4", ""),
        ("deepseek", "so it is 4", "so it is 4", ""),
        ("tagged", "2 + 2</think>It is 4.", "2 + 2\nIt is 4.", ""),
        ("tagged", "2 + 2</think>Well: <answer>4</answer>, I say", "2 + 2\nWell: \n, I say", "4"),
        ("tagged", "Sure! <think>2 + 2</think><answer>4</answer>", "Sure! 2 + 2", "4"),
        ("tagged", "<think>I use <answer>.</think><answer>4</answer>", "I use <answer>.", "4"),
        ("tagged", "</think><answer>4 < 5 and </b", "", "4 < 5 and </b"),
        ("deepseek", "2 + 2</think>4, not </think>", "2 + 2", "4, not </think>"),
        ("tagged", "</think><answer>4</answer><answer>5</answer>", "<answer>5</answer>", "4"),
        ("none", " <think>a</think> ", "", "<think>a</think>"),
    ],
)
def test_misplaced_text_counts_as_reasoning(style: Style, text: str, thinking: str, answer: str) -> None:
    assert fed(style, *text) == Parts(thinking, answer)


def test_text_is_passed_on_as_soon_as_it_cannot_be_a_tag() -> None:
    splitter = Splitter("deepseek")
    assert splitter.feed("2 + 2") == Parts(thinking="2 + 2")
    assert splitter.feed(" </thi") == Parts()
    assert splitter.feed("s is") == Parts(thinking=" </this is")
    assert splitter.feed("</think>\n\n") == Parts()
    assert splitter.feed("4\n") == Parts(answer="4")
    assert splitter.close() == Parts()
