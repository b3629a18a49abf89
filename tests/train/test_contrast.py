"""Superior-CoT: the paper's rule, and the accidents of the authors' code behind their switches."""

from __future__ import annotations

from raif.config.train import QuirksConfig
from raif.reasoning import Response
from raif.train.groups import Group, Rollout, takes_part
from raif.types import Instruction, Message, Reward, Verification


def rollout(accuracy: float, *, thinking: bool) -> Rollout:
    """The share of its checks that it passes is half its accuracy, from 0 on."""
    verification = Verification((), None, None, max(0.0, accuracy / 2))
    response = Response("", "", True)
    return Rollout([1], [2], [-1.0], False, thinking, "", response, verification, Reward(1.0, accuracy))


def kept(
    thinking: list[float],
    plain: list[float],
    quirks: QuirksConfig | None = None,
    stored: float | None = None,
) -> list[bool]:
    asked = (Message(role="user", content="Hi"),)
    instruction = Instruction(id="1", messages=asked, plain_score=stored)
    rollouts = [rollout(a, thinking=True) for a in thinking] + [rollout(a, thinking=False) for a in plain]
    return takes_part(Group(instruction, tuple(rollouts)), quirks or QuirksConfig())


def test_a_group_is_kept_if_one_thinking_response_reaches_the_bar() -> None:
    assert kept([2.0, -2.0], [2.0]) == [True, True, False]


def test_the_bar_is_the_worst_plain_response() -> None:
    assert kept([0.5, -2.0], [2.0, 0.5]) == [True, True, False, False]


def test_a_group_is_skipped_if_every_plain_response_beats_every_thinking_one() -> None:
    assert kept([0.5, -2.0], [2.0]) == [False, False, False]


def test_plain_responses_never_take_part() -> None:
    assert not kept([2.0, 2.0], [-2.0])[2]
    assert kept([], [2.0, -2.0]) == [False, False]


def test_without_plain_responses_all_take_part() -> None:
    assert kept([-2.0, 2.0], []) == [True, True]


def test_the_authors_code_keeps_a_group_of_equal_thinking_rewards() -> None:
    quirks = QuirksConfig(keep_equal_groups=True)
    assert kept([-2.0, -2.0], [2.0]) == [False, False, False]
    assert kept([-2.0, -2.0], [2.0], quirks) == [True, True, False]
    assert kept([-2.0, 0.5], [2.0], quirks) == [False, False, False]


def test_the_authors_code_drops_what_passes_less_than_the_stored_answer() -> None:
    quirks = QuirksConfig(drop_below_stored=True)
    assert kept([2.0, 0.5], [-2.0], stored=0.5) == [True, True, False]
    assert kept([2.0, 0.5], [-2.0], quirks, stored=0.5) == [True, False, False]
    assert kept([2.0, 1.0], [-2.0], quirks, stored=0.5) == [True, True, False]
    assert kept([2.0, 0.5], [-2.0], quirks) == [True, True, False]
