"""The reward `substance`: what verdicts gave is taken back from answers that say nothing of their own."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from raif.config.train import RewardConfig
from raif.errors import RaifError
from raif.models.chat import Chat
from raif.reasoning import Response
from raif.train.feed import check_rewards
from raif.train.groups import group_metrics, roll_out
from raif.train.heldout import HeldOutAnswer, HeldOutRow
from raif.types import Relevance, Reward
from raif.verdicts.reward import FULL, NONE, Attempt, Rewards
from tests.train.test_loop import EIGHT, Scripted, instruction
from tests.train.test_relevance import NO, attempt

FORM = "No comma.\n</think>\n<answer>\n{}\n</answer>"
GLAD = "I am so glad that you reached out to me"
TEA = "Green tea grows in the shade of taller trees"


def rewards(*names: str, marks: dict[str, Any] | None = None, **kwargs: Any) -> Rewards:
    given = {"verdicts": marks or {}, "substance": kwargs}
    listed = [RewardConfig(name=name, kwargs=given.get(name, {})) for name in names]
    return Rewards.of(listed, limit=99, window=0)


def saying(fresh_words: int, *passed: bool, relevance: Relevance | None = None) -> Attempt:
    return replace(attempt(relevance, *passed), fresh_words=fresh_words)


def contents(rewards: Rewards, *attempts: Attempt) -> list[float]:
    return [each.content for each in rewards.of_group(attempts) if isinstance(each, Reward)]


def test_an_answer_keeps_as_much_as_it_has_words_of_its_own() -> None:
    attempts = [saying(n, True, True) for n in (0, 5, 10, 20, 400)]
    assert contents(rewards("verdicts", "substance"), *attempts) == [NONE, -1.0, 0.0, FULL, FULL]
    assert contents(rewards("verdicts", "substance", words=40), *attempts) == [NONE, -1.5, -1.0, 0.0, FULL]
    assert contents(rewards("verdicts", "substance", words=0), saying(0, True)) == [FULL]


def test_it_takes_back_what_was_given_and_no_more() -> None:
    both = rewards("verdicts", "substance")
    assert contents(both, saying(0, False), saying(0, True, False), saying(40, True, False)) == [
        NONE,
        NONE,
        0.5,
    ]
    marks = rewards("verdicts", "substance", marks={"full_marks": True})
    assert contents(marks, saying(0, True, False), saying(10, True, True)) == [NONE, 0.0]
    gated = rewards("verdicts", "relevance", "substance")
    assert contents(gated, saying(10, True, relevance=NO)) == [NONE]


def test_an_answer_that_repeats_its_thinking_has_nothing_of_its_own_if_echoes_do_not_count() -> None:
    line = "The word bank has to come up two times or more"
    echo = replace(saying(40, True, True), thinking=line, answer=f"Call them. {line}.")
    assert contents(rewards("verdicts", "substance", echoes=False), echo, saying(40, True)) == [NONE, FULL]
    assert contents(rewards("verdicts", "substance"), echo) == [FULL]
    wrong = replace(echo, relevance=NO)
    assert contents(rewards("verdicts", "relevance", "substance", echoes=False), wrong) == [NONE]


LINE = "The word bank has to come up two times or more."


def test_echoes_are_counted_in_each_step_among_the_thinking_responses(chat: Chat) -> None:
    said = [f"{LINE}\n</think>\n<answer>\n{text}\n</answer>" for text in (LINE, "Call them.")]
    groups = roll_out(Scripted(chat, said), chat, [instruction(1)], EIGHT, contrast=False, seed=0)
    assert group_metrics(groups, [[True] * 8])["answers_echo"] == 0.5


def test_echoes_are_counted_among_the_held_out_answers() -> None:
    verified = saying(0, True).verification
    answers = [
        HeldOutAnswer(instruction(1), Response(LINE, text, True), False, verified, None)
        for text in (LINE, "Call them.", "", None)
    ]
    assert HeldOutRow.of("row", answers).echoed == 1 / 4


def test_substance_alone_is_nothing_to_reward() -> None:
    with pytest.raises(RaifError, match="no constraint"):
        check_rewards(
            [instruction(1, constraints=())], judged=False, rewards=rewards("verdicts", "substance")
        )


def test_what_other_prompts_are_told_is_not_the_answers_own(chat: Chat) -> None:
    def earned(prompts: int) -> list[float]:
        groups = roll_out(
            Scripted(chat, [FORM.format(text) for text in (GLAD, TEA, f"{GLAD}. {GLAD}", "Say 0", "")]),
            chat,
            [instruction(n) for n in range(prompts)],
            EIGHT,
            contrast=False,
            seed=0,
            rewards=rewards("format", "verdicts", "substance", words=8),
        )
        return [rollout.reward.content for rollout in groups[0].rollouts[:5]]

    assert earned(1) == [1.5, 1.0, FULL, NONE, NONE]
    assert earned(2) == [NONE] * 5
