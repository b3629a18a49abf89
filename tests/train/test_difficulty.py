"""A difficulty band: what is expected of a prompt, what is made of it, what is passed over; and by kind."""

from __future__ import annotations

from pathlib import Path

import pytest

from raif.config.rollout import RolloutConfig
from raif.config.train import QuirksConfig, TrainConfig
from raif.models.chat import Chat
from raif.train.difficulty import band_metrics, choose
from raif.train.groups import group_metrics, roll_out, takes_part
from raif.train.memory import ENOUGH, Memory
from raif.types import Constraint, Question, digest
from raif.verdicts.checks import verify
from tests.train.test_loop import BAD, EIGHT, GOOD, PLAIN_GOOD, Scripted, instruction, trainer
from tests.train.test_rewrite import NO_COMMA, WORDS, record, words

BAND = (0.1, 0.9)
TITLE = Constraint(id="detectable_format:title")


def remembering(**rates: tuple[int, int]) -> Memory:
    """Of each kind how many of how many verdicts passed."""
    ids = {"comma": NO_COMMA.id, "words": WORDS, "title": TITLE.id}
    memory = Memory()
    for name, (passed, of) in rates.items():
        memory.kinds["thinking"][ids[name]] = [1] * passed + [0] * (of - passed)
    return memory


EASY = record("Describe tea. Leave out every comma.", NO_COMMA)
HARD = record("Describe tea. Make it at least 90 words long. Leave out every comma.", words(90), NO_COMMA)


def test_a_prompt_is_expected_to_pass_as_measured_or_as_its_kinds_multiply() -> None:
    memory = remembering(comma=(8, ENOUGH), words=(4, ENOUGH))
    assert memory.expected(HARD) == 0.5 * 0.25
    memory.prompts[digest(HARD.messages)] = 0.75
    assert memory.expected(HARD) == 0.75
    assert remembering(comma=(1, ENOUGH)).expected(HARD) is None
    assert remembering(comma=(1, ENOUGH - 1)).expected(EASY) is None
    asked = EASY.model_copy(update={"questions": (Question(text="Warm?"),)})
    assert memory.expected(asked) is None, "of questions nothing is known"


def test_what_became_easy_gets_one_more_and_what_never_passes_loses_one() -> None:
    memory = remembering(comma=(ENOUGH, ENOUGH), words=(0, ENOUGH), title=(8, ENOUGH))
    text = (
        "Describe tea. Make it at least 90 words long. Begin with a title and put it inside << and >>, like"
    )
    hard = record(f"{text} <<this>>.", words(90), TITLE)
    found = choose([EASY, hard].__getitem__, 2, memory, BAND, "0")
    harder, easier = found.prompts
    assert harder.constraints == (NO_COMMA, TITLE), "the kind that brings it nearest to the middle"
    assert harder.prompt.startswith(EASY.prompt)
    assert verify(harder, "<<Tea>>\nIt is warm.").followed
    assert easier.constraints == (TITLE,)
    assert easier.prompt == hard.prompt.replace(" Make it at least 90 words long.", "")
    assert [each.provenance["adapted"] for each in found.prompts] == [f"+{TITLE.id}", f"-{WORDS}"]
    assert (found.considered, found.known, found.before, found.after) == (2, 2, 2, 0)


def test_at_most_three_constraints() -> None:
    full = record("Describe tea.", NO_COMMA, TITLE, words(1))
    memory = remembering(comma=(ENOUGH, ENOUGH), words=(ENOUGH, ENOUGH), title=(ENOUGH, ENOUGH))
    assert choose(lambda place: full, 1, memory, BAND, "0").prompts == [full]


def test_what_stays_outside_is_passed_over_but_not_for_ever() -> None:
    memory = remembering(words=(0, ENOUGH), comma=(8, ENOUGH))
    alone = record("Describe tea. Make it at least 90 words long.", words(90))
    places = [alone, alone, EASY]
    found = choose(places.__getitem__, 1, memory, BAND, "0")
    assert (found.prompts, found.considered, found.after) == ([EASY], 3, 0)
    found = choose(lambda place: alone, 2, memory, BAND, "0")
    assert (found.prompts, found.considered, found.after) == ([alone, alone], 8, 2)


def test_without_measurements_prompts_are_taken_as_they_are() -> None:
    found = choose([EASY, HARD].__getitem__, 2, Memory(), BAND, "0")
    assert found.prompts == [EASY, HARD]
    assert found.known == 0


def test_the_metrics_count_dead_groups_of_both_sorts(chat: Chat) -> None:
    memory = remembering(comma=(ENOUGH, ENOUGH), title=(8, ENOUGH))
    found = choose([EASY].__getitem__, 1, memory, BAND, "0")
    drawn = [*found.prompts, HARD]
    groups = roll_out(Scripted(chat, [GOOD, BAD]), chat, drawn, EIGHT, contrast=False, seed=0)
    metrics = band_metrics([found], groups)
    assert metrics["band_outside_before"] == 1
    assert metrics["band_outside_after"] == 0
    assert metrics["band_adapted"] == 0.5
    assert (metrics["dead_adapted"], metrics["dead_unchanged"]) == (0, 0)


def test_positions_go_on_after_what_was_passed_over(tiny_folder: Path) -> None:
    t = trainer(tiny_folder, rollout={"prompts": 2, "group_size": 8, "band": [0.1, 0.9]}, loss={"cloning": 0})
    t.memory.kinds["thinking"][NO_COMMA.id] = [1] * ENOUGH
    step = t.grpo_step()
    assert step.metrics["band_outside_before"] == 1
    assert t.progress.refilled == 6, "the wording isn't found, so three times two are passed over"
    assert t.memory.prompts


def test_thinking_takes_part_by_its_gain_on_the_groups_kinds(chat: Chat) -> None:
    memory = Memory()
    (group,) = roll_out(Scripted(chat, [GOOD]), chat, [instruction(1)], EIGHT, contrast=True, seed=0)
    for thinking, plain, helps in ((0, 0, None), (4, 2, True), (2, 4, False), (3, 3, True)):
        if helps is not None:
            memory.kinds["thinking"][NO_COMMA.id] = [1] * thinking + [0] * (ENOUGH - thinking)
            memory.kinds["plain"][NO_COMMA.id] = [1] * plain + [0] * (ENOUGH - plain)
        assert memory.thinking_helps(instruction(1)) is helps
        kept = takes_part(group, QuirksConfig(), helps)
        assert kept == [r.thinking is (helps is not False) for r in group.rollouts]


def test_kinds_are_reported_with_and_without_thinking(chat: Chat) -> None:
    groups = roll_out(Scripted(chat, [GOOD, BAD]), chat, [instruction(1)], EIGHT, contrast=True, seed=0)
    plain = roll_out(Scripted(chat, [PLAIN_GOOD]), chat, [instruction(1)], EIGHT, contrast=True, seed=0)
    metrics = group_metrics(groups, [[True] * 8])
    assert metrics[f"kind/{NO_COMMA.id}"] == 0.5
    assert group_metrics(plain, [[True] * 8])[f"kind_plain/{NO_COMMA.id}"] == 1


def test_a_band_needs_room_and_prompts_that_wait_for_it() -> None:
    with pytest.raises(ValueError, match="has no room"):
        RolloutConfig(band=(0.5, 0.5))
    with pytest.raises(ValueError, match="needs contrast"):
        TrainConfig.model_validate({"contrast": False, "rollout": {"contrast_by_kind": True}})
