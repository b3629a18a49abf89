"""The policy's own responses as experts: full marks, and failures in hindsight."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from raif.config.train import CloningConfig, TrainConfig
from raif.models.chat import Chat
from raif.train.groups import Group, roll_out
from raif.train.hindsight import hindsight
from raif.train.memory import Memory
from raif.train.own import own_pairs, successes
from raif.types import Constraint, Instruction, Message, Relevance
from raif.verdicts.checks import verify
from tests.train.test_loop import BAD, EIGHT, GOOD, Scripted, trainer
from tests.train.test_rewrite import NO_COMMA, WORDS, record, words

ASKED = "Describe tea. Make it at least 90 words long."
BULLETS = "detectable_format:number_bullet_lists"


def answering(*answers: str) -> list[str]:
    return [f"Hm.\n</think>\n<answer>\n{answer}\n</answer>" for answer in answers]


def group(chat: Chat, one: Instruction, texts: Sequence[str]) -> Group:
    (found,) = roll_out(Scripted(chat, texts), chat, [one], EIGHT, contrast=True, seed=0)
    return found


def test_the_nearest_bound_that_the_response_meets_is_asked_for(chat: Chat) -> None:
    one = record(ASKED, words(90), provenance={"seed": "tea"})
    (pair,) = hindsight([group(chat, one, answering("one two three four five"))], [WORDS], "0")
    assert pair.constraints == (words(5),)
    assert pair.prompt == ASKED.replace("90", "5")
    assert pair.expert
    assert pair.expert.answer == "one two three four five"
    assert verify(pair, pair.expert.answer).followed
    assert pair.provenance["seed"] == "tea"
    assert pair.provenance["hindsight"][0]["kwargs"]["num_words"] == 90


def test_what_was_met_stays_and_the_nearest_response_is_taken(chat: Chat) -> None:
    one = record(ASKED + " Leave out every comma.", words(90), NO_COMMA)
    found = group(chat, one, answering("one, two", "one two three"))
    (pair,) = hindsight([found], [WORDS, NO_COMMA.id], "0")
    assert pair.constraints == (words(3), NO_COMMA)


@pytest.mark.parametrize(
    ("constraint", "words_of_it", "answer", "kwargs"),
    [
        (words(3, "less than"), "Make it fewer than 3 words long.", "a b c d", {"num_words": 5}),
        (
            Constraint(id="keywords:existence", kwargs={"keywords": ["leaf", "pot"]}),
            'Work "leaf" and "pot" into the text.',
            "A pot.",
            {"keywords": ["pot"]},
        ),
        (
            Constraint(id="startend:end_checker", kwargs={"end_phrase": "Ask me."}),
            'End with "Ask me." and write nothing after that.',
            "Tea is a warm drink. So it is.",
            {"end_phrase": "So it is."},
        ),
        (
            Constraint(id="detectable_content:postscript", kwargs={"postscript_marker": "P.S."}),
            'Finish with a postscript that has "P.S." at its beginning.',
            "Tea.\nP.P.S Warm.",
            {"postscript_marker": "P.P.S"},
        ),
    ],
)
def test_the_kwargs_are_those_that_the_response_has(
    chat: Chat, constraint: Constraint, words_of_it: str, answer: str, kwargs: dict[str, Any]
) -> None:
    one = record(f"Describe tea. {words_of_it}", constraint)
    (pair,) = hindsight([group(chat, one, answering(answer))], [], "0")
    assert pair.constraints[0].kwargs == {**constraint.kwargs, **kwargs}


def test_a_list_of_one_is_no_list_so_another_kind_is_asked_for(chat: Chat) -> None:
    asked = Constraint(id=BULLETS, kwargs={"num_bullets": 3})
    one = record("Describe tea. Have exactly 3 bullet points in it, each on a line that starts with an "
                 "asterisk (*).", asked)  # fmt: skip
    found = group(chat, one, answering("* Only one"))
    (pair,) = hindsight([found], [BULLETS, "punctuation:no_comma"], "0")
    assert pair.constraints == (NO_COMMA,)
    assert "bullet" not in pair.prompt
    assert hindsight([found], [BULLETS], "0") == [], "there is nothing else to ask for"


def test_a_constraint_without_a_near_one_is_dropped_if_another_stays(chat: Chat) -> None:
    asked = Constraint(id="startend:quotation")
    text = 'Describe tea. Put your whole answer inside double quotes, like this: "...".'
    one = record(f"{text} Leave out every comma.", asked, NO_COMMA)
    (pair,) = hindsight([group(chat, one, answering("Tea"))], [asked.id, NO_COMMA.id], "0")
    assert pair.constraints == (NO_COMMA,)
    assert pair.prompt == "Describe tea. Leave out every comma."


def test_only_groups_without_full_marks_and_usable_responses_teach_in_hindsight(chat: Chat) -> None:
    one = record(ASKED, words(90))
    mixed = group(chat, one, answering("one two", "word " * 90))
    assert hindsight([mixed], [WORDS], "0") == []
    assert (
        hindsight([group(chat, one, ["one two", "\n</think>\n<answer>\none\n</answer>"])], [WORDS], "0") == []
    )


def test_one_success_of_each_group(chat: Chat) -> None:
    one = record("Describe tea. Leave out every comma.", NO_COMMA)
    pairs = successes([group(chat, one, [GOOD, BAD]), group(chat, one, [BAD])], "0")
    assert [pair.expert.answer for pair in pairs if pair.expert] == ["Fine"]
    assert pairs[0].messages == one.messages


def test_only_relevant_ones_are_kept(chat: Chat) -> None:
    both = CloningConfig(successes=0.5, hindsight=0.5)
    groups = [
        group(chat, record("Describe tea. Leave out every comma.", NO_COMMA), [GOOD]),
        group(chat, record(ASKED, words(90)), answering("one two three")),
    ]

    def gate(answered: Sequence[tuple[Instruction, str]]) -> list[Relevance]:
        return [Relevance(text == "Fine") for _, text in answered]

    found = own_pairs(groups, both, Memory(), gate, "0")
    assert {pool: len(pairs) for pool, pairs in found.items()} == {"successes": 1, "hindsight": 0}
    assert own_pairs(groups, CloningConfig(), Memory(), gate, "0") == {}


def test_a_share_of_each_cloning_batch_is_the_policys_own_once_there_is_any(
    tiny_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    t = trainer(tiny_folder, cloning={"batch": 4, "successes": 0.5}, rollout={"prompts": 2, "group_size": 8})
    monkeypatch.setattr(type(t), "gate", None)
    cloned: list[list[str]] = []
    update = t.learner.update

    def noted(samples: Any, frozen: Any, clones: Any, lr: float, **given: Any) -> Any:
        cloned.append([t.chat.tokenizer.decode(each.ids) for each in clones])
        return update(samples, frozen, clones, lr, **given)

    monkeypatch.setattr(t.learner, "update", noted)
    first, second = t.grpo_step(), t.grpo_step()
    own = [sum("Fine" in text for text in each) for each in cloned]
    assert own == [0, 0, 2, 2]
    assert {len(each) for each in cloned} == {4}
    assert first.metrics["own_successes"] == 2
    assert second.metrics["own_successes_kept"] >= 2


def test_shares_are_of_one_batch_and_need_cloning() -> None:
    with pytest.raises(ValueError, match="together at most 1"):
        CloningConfig(successes=0.6, hindsight=0.6)
    with pytest.raises(ValueError, match=r"need loss\.cloning"):
        TrainConfig.model_validate({"cloning": {"successes": 0.5}, "loss": {"cloning": 0}})


def test_a_newer_answer_to_a_conversation_replaces_the_older_one() -> None:
    memory = Memory()
    old, new = (
        record("Describe tea.", expert={"thinking": "Hm.", "answer": answer}) for answer in ("old", "new")
    )
    other = new.model_copy(update={"messages": (Message(role="user", content="Another"),)})
    memory.keep("successes", [old, other])
    memory.keep("successes", [new])
    assert memory.pools["successes"] == [other, new]
    assert len(memory.drawn("successes", 5, "0")) == 2
