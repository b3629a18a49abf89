"""Rewards of one's own and tasks of one's own: what they get, what they give, and how mistakes are named."""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from raif import records, tasks
from raif.config.train import PAPER_REWARDS, RewardConfig, TrainConfig
from raif.errors import ConfigError, RaifError, RecordError
from raif.tasks import TASKS, Task
from raif.types import Constraint, Instruction, Message, Reward, Verification
from raif.verdicts.checks import verify
from raif.verdicts.reward import REWARDS, Attempt, Rewards

NO_COMMA = Constraint(id="punctuation:no_comma")


def attempt(answer: str, **fields: Any) -> Attempt:
    values = {"id": "r1", "messages": (Message(role="user", content="Hi"),), "constraints": (NO_COMMA,)}
    instruction = Instruction.model_validate(values | fields)
    found = verify(instruction, answer)
    return Attempt(instruction, answer, "Hm.", answer, True, False, 90, found)


def rewards(*listed: Any) -> Rewards:
    config = TrainConfig.model_validate({"rewards": listed})
    return Rewards.of(config.rewards, limit=100, window=20)


@pytest.fixture
def own(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """REWARDS with what a test puts in. TASKS is put back, too."""
    monkeypatch.setattr(TASKS, "_items", {**TASKS._items})
    monkeypatch.setattr(REWARDS, "_items", items := {**REWARDS._items})
    return items


def test_the_papers_reward_is_the_configs_default() -> None:
    assert TrainConfig().rewards == PAPER_REWARDS
    assert [each.name for each in PAPER_REWARDS] == ["format", "verdicts", "math", "length"]
    (found,) = Rewards.of(PAPER_REWARDS, limit=100, window=20).of_group([attempt("Fine")])
    assert found == Reward(1.0, 2.0, -0.5, 0.0, {"format": 1.0, "verdicts": 2.0, "length": -0.5})
    assert isinstance(found, Reward)
    assert (found.total, found.content) == (2.5, 2.0)


def test_weights_and_kwargs_reach_a_function_that_sees_the_whole_group(own: dict[str, Any]) -> None:
    def rank(attempts: Sequence[Attempt], first: int) -> list[float | None]:
        order = sorted(range(len(attempts)), key=lambda i: len(attempts[i].text))
        return [float(first + order.index(i)) for i in range(len(attempts))]

    own["rank"] = rank
    given = rewards("verdicts", {"name": "rank", "weight": 0.5, "kwargs": {"first": 10}})
    short, long = given.of_group([attempt("Yes"), attempt("No, never")])
    assert isinstance(short, Reward)
    assert isinstance(long, Reward)
    assert (short.accuracy, short.own, short.values["rank"]) == (2.0, 5.0, 10.0)
    assert (long.accuracy, long.own, long.content) == (-2.0, 5.5, 3.5)


def test_none_names_the_reward_that_could_not_judge(own: dict[str, Any]) -> None:
    own["picky"] = lambda attempts: [None if "?" in a.text else 1 for a in attempts]
    sure, unsure = rewards("format", "picky").of_group([attempt("Yes"), attempt("Yes?")])
    assert sure == Reward(1.0, 0.0, 0.0, 1.0, {"format": 1.0, "picky": 1.0})
    assert unsure == "picky"


def test_what_a_function_raises_names_it_and_the_record(own: dict[str, Any]) -> None:
    own["broken"] = lambda attempts: [1 / 0]
    with pytest.raises(ZeroDivisionError) as raised:
        rewards("broken").of_group([attempt("Yes")])
    assert raised.value.__notes__ == [
        "raised by the reward broken on record 'r1'. Fix it, and resume from the newest checkpoint with "
        "--resume."
    ]


@pytest.mark.parametrize(
    ("returned", "said"),
    [
        ([], "0 values for 1 responses"),
        ([float("nan")], "nan, which is neither a finite number nor None"),
        (["1"], "'1', which is neither"),
    ],
)
def test_what_a_function_returns_is_checked(own: dict[str, Any], returned: list[Any], said: str) -> None:
    own["odd"] = lambda attempts: returned
    with pytest.raises(RaifError, match=f"the reward odd returned {said}.*on record 'r1'"):
        rewards("odd").of_group([attempt("Yes")])


def test_a_module_in_the_working_directory_needs_no_package(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "mine_only.py").write_text("def loud(attempts): return [len(a.text) for a in attempts]\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])
    (found,) = rewards("mine_only:loud").of_group([attempt("Yes")])
    assert found == Reward(0.0, 0.0, 0.0, 3.0, {"mine_only:loud": 3.0})


@pytest.mark.parametrize(
    ("listed", "said"),
    [
        ("verdict", "unknown reward 'verdict'\nDid you mean 'verdicts'?"),
        ("nothing_of_this_name:f", "nothing_of_this_name:f: No module named 'nothing_of_this_name'"),
        ("raif.stats:f", "raif.stats:f: raif.stats has no 'f'"),
        ({"name": "format", "kwargs": {"x": 1}}, "format can't be called .*got an unexpected keyword"),
    ],
)
def test_what_cant_be_used_is_named_before_anything_is_loaded(listed: Any, said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        rewards(listed)


def test_a_reward_is_listed_once() -> None:
    with pytest.raises(ValueError, match="the reward format is listed twice"):
        TrainConfig(rewards=(RewardConfig(name="format"), RewardConfig(name="format")))


def test_a_task_of_ones_own_has_requirements_and_a_reward_for_itself(own: dict[str, Any]) -> None:
    row = {"messages": [{"role": "user", "content": "Rhyme."}], "task": "poem"}
    with pytest.raises(RecordError, match="'poem' is not a task"):
        records.instruction(row, "a.jsonl:1")
    TASKS.add("poem", Task(("rhyme",), lambda record: "" if record.reference else "reference: no rhyme"))
    own["rhyme"] = lambda attempts: [a.text.endswith(a.instruction.reference or "") for a in attempts]
    with pytest.raises(RecordError, match=re.escape("a.jsonl:1: reference: no rhyme")):
        records.instruction(row, "a.jsonl:1")
    assert records.instruction(row | {"reference": "ee"}, "a.jsonl:1").task == "poem"
    given = rewards("format", "verdicts", "rhyme")
    assert given.applying("poem") == ["rhyme"]
    assert given.applying("ifeval") == ["verdicts"]
    assert tasks.applies("format", "poem")
    (found,) = given.of_group([attempt("A tree", task="poem", reference="ee")])
    assert found == Reward(1.0, 0.0, 0.0, 1.0, {"format": 1.0, "rhyme": 1.0})


def test_an_attempt_without_any_verdict_has_no_accuracy() -> None:
    given = attempt("Yes", constraints=())
    assert given.verification == Verification((), None, None, None)
    assert rewards("format", "verdicts").of_group([given]) == ["verdicts"]
