"""What a text says again, and what it shares with others."""

from __future__ import annotations

import pytest

from raif.text.runs import alike_share, fresh, repeated_share, runs, tokens

GLAD = "I am so glad you asked"


@pytest.mark.parametrize(
    ("answers", "share"),
    [
        ([["one two three four"], ["So one TWO, three  four!"], ["five six seven eight"], [""]], 1 / 2),
        ([["one two three four"] * 2, ["five six seven eight"]], 1 / 2),
        ([[GLAD, "five six seven eight"], ["one two three four", GLAD], [f"Hm. {GLAD}"]], 1),
        ([["", ""], [""]], 0),
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
        [tea, f"{tea}. {tea}", f"{GLAD}. {tea}", "tell me all about green tea", "Tea!", ""],
        [GLAD, "Rain falls."],
    ]
    # 6 runs are in the sentence; 3 more join it to itself, and 3 to one that the other prompt is told, too
    assert fresh(prompts, said) == [[6, 9, 9, 0, 1, 0], [0, 1]]


def test_responses_to_one_prompt_may_say_the_same() -> None:
    assert fresh(["Why?"], [[GLAD, GLAD]]) == [[3, 3]]


def test_a_text_shorter_than_a_run_is_one() -> None:
    assert runs(tokens("Oh no"), 4) == [("oh", "no")]
