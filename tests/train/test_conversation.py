"""Records of several turns in training: a rollout learns from one turn, an evaluation asks all of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

pytest.importorskip("torch", reason="needs raif[train]")

from raif.config.rollout import RolloutConfig
from raif.errors import RaifError
from raif.records import instruction
from raif.train.conversation import at_drawn_turns
from raif.train.feed import Feed, check_rewards
from raif.train.groups import ask_ahead, roll_out
from raif.train.heldout import HeldOut, HeldOutRow
from raif.types import Instruction
from tests.train.test_loop import GOOD, Scripted

if TYPE_CHECKING:
    from raif.models.chat import Chat
    from raif.models.load import Model

FOUR = RolloutConfig(group_size=4)


def talk(name: str = "tea", turns: int = 3, **fields: Any) -> Instruction:
    """A record whose turns all forbid commas."""
    checks = [{"id": "punctuation:no_comma", "kwargs": {}}]
    then = [{"prompt": f"Again {n}.", "constraints": checks} for n in range(2, turns + 1)]
    first = [{"role": "user", "content": "Say it."}]
    row = {"id": name, "messages": first, "constraints": checks, "then": then, **fields}
    return instruction(row, "here")


def test_a_turn_is_drawn_by_the_seed_and_follows_the_policy_s_own_answers(chat: Chat) -> None:
    sampler, drawn = Scripted(chat, [GOOD]), set()
    for seed in range(20):
        (turn,) = at_drawn_turns([talk()], sampler, chat, seed=seed)
        (same,) = at_drawn_turns([talk()], sampler, chat, seed=seed)
        assert turn == same
        number = int(turn.id.rpartition("/")[2])
        drawn.add(number)
        said = [m.content for m in turn.messages if m.role == "assistant"]
        assert said == ["Fine"] * (number - 1)  # the answer without its thinking
    assert drawn == {1, 2, 3}
    assert all(count == 1 for _, count in sampler.asked)


def test_a_conversation_ends_before_a_prompt_that_is_too_long(chat: Chat) -> None:
    first = len(chat.prompt(talk().messages, "thinking"))
    found = [
        at_drawn_turns([talk()], Scripted(chat, [GOOD]), chat, seed=seed, longest=first)[0].id
        for seed in range(20)
    ]
    assert set(found) == {"tea/1"}


def test_a_group_is_for_one_turn_and_judged_by_its_checks(chat: Chat) -> None:
    sampler = Scripted(chat, [GOOD])
    groups = roll_out(sampler, chat, [talk(str(n)) for n in range(8)], FOUR, contrast=False, seed=0)
    assert {group.instruction.id.rpartition("/")[2] for group in groups} == {"1", "2", "3"}
    assert all(len(group.rollouts) == 4 for group in groups)
    assert all(len(r.verification.verdicts) == 1 for group in groups for r in group.rollouts)


def test_nothing_is_asked_ahead_of_a_conversation(chat: Chat) -> None:
    class Ahead(Scripted):
        def ask_ahead(self, *given: Any, **keys: Any) -> None:
            raise AssertionError(given)

    ask_ahead(Ahead(chat, [GOOD]), chat, [talk()], FOUR, contrast=False, seed=0)


def test_every_turn_needs_something_to_reward() -> None:
    record = talk()
    bare = record.model_copy(
        update={"then": (*record.then, record.then[0].model_copy(update={"constraints": ()}))}
    )
    check_rewards([record], judged=False)
    with pytest.raises(RaifError, match="'tea/4' has no constraint"):
        check_rewards([bare], judged=False)


def test_experts_answers_of_all_turns_are_cloned(chat: Chat) -> None:
    expert = {"thinking": "Hm.", "answer": "Fine."}
    record = talk(turns=2, expert=expert)
    both = record.model_copy(update={"then": (record.then[0].model_copy(update={"expert": record.expert}),)})
    feed = Feed.of([record, both], chat, 1000)
    assert [turn.id for turn in feed.experts] == ["tea/1", "tea/1", "tea/2"]


def test_all_turns_are_held_out(chat: Chat, tiny: Model) -> None:
    sampler = Scripted(chat, [GOOD])
    answers = HeldOut([talk(), talk("one", turns=1)], tiny, chat).ask(sampler.greedy, "thinking")
    assert [one.instruction.id for one in answers] == ["tea/1", "one", "tea/2", "tea/3"]
    assert HeldOutRow.of("row", answers).prompts == 4
    asked = [text for text, _ in sampler.asked]
    assert ["Fine" in text for text in asked] == [False, False, True, True]
    short = HeldOut([talk()], tiny, chat, longest=1).ask(sampler.greedy, "thinking")
    assert [one.instruction.id for one in short] == ["tea/1"]
