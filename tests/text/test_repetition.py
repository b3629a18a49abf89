"""What a text says again, and what it shares with others."""

from __future__ import annotations

import pytest

from raif.text.repetition import alike_share, echoes, fours, fresh_words, repeated_share

GLAD = "I am so glad you asked"


@pytest.mark.parametrize(
    ("answers", "share"),
    [
        (
            [["one two three four"], ["So one TWO  three four!", "one two THREE four"], ["five six"], [""]],
            1 / 2,
        ),
        ([["one two three four"] * 2, ["five six seven eight"]], 1 / 2),
        ([[GLAD, "five six seven eight"], ["one two three four", GLAD], [f"Hm. {GLAD}"]], 1),
        ([["one two"], ["one two"]], 0),
    ],
)
def test_answers_are_alike_in_their_most_frequent_run(answers: list[list[str]], share: float) -> None:
    assert alike_share(answers) == pytest.approx(share)


def test_repetition_is_the_share_of_runs_said_before() -> None:
    assert repeated_share("one two three four five") == 0
    assert repeated_share("a b a b a b a") == pytest.approx(2 / 4)
    assert repeated_share("茶很好喝茶很好喝") == pytest.approx(1 / 5)
    assert repeated_share("") == 0


def test_fresh_is_what_is_neither_asked_nor_said_before_nor_said_to_another_prompt() -> None:
    prompts = ["Tell me all about green tea", "Tell me about rain"]
    tea = "Green tea grows in the shade of taller trees"
    said = [
        [tea, f"{tea}. {tea}.", f"{GLAD} {tea}", "tell me all about green tea", "Tea!", ""],
        [GLAD, "Rain falls on green tea."],
    ]
    # 6 runs are in the sentence; 3 join it to the one before, which it or the other prompt has said
    assert fresh_words(prompts, said) == [[6, 9, 9, 0, 0, 0], [0, 2]]


def test_responses_to_one_prompt_may_say_the_same() -> None:
    assert fresh_words(["Why?"], [[GLAD, GLAD]]) == [[3, 3]]


@pytest.mark.parametrize("text", ["茶很好喝", "お茶です", "ชาดี", "It is fine tea"])
def test_where_words_have_no_spaces_a_character_counts_as_one(text: str) -> None:
    assert len(fours(text)) == 1


RULE = 'Required: "bank". It does not come up by itself; I pick a sentence for it.'


@pytest.mark.parametrize(
    ("answer", "prompt", "echo"),
    [
        (f"Call them first. {RULE}", "Work it in", True),
        ("it does NOT come up\nby itself; I pick one", "Work it in", True),
        ("Well, does not come up by itself; I pick", "Work it in", True),
        ("Well, does not come up by itself; I wait", "Work it in", False),  # seven words
        (RULE, f"Say this again: {RULE}", False),
        ("Call the bank first", "Work it in", False),
        ("", "Work it in", False),
    ],
)
def test_an_answer_that_copies_its_thinking_is_an_echo(answer: str, prompt: str, echo: bool) -> None:
    assert echoes(answer, RULE, prompt) is echo
