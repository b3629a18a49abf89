"""Mixing tasks by ratio: exact in each block, every pool in epochs, and a function of the position alone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

import pytest

from raif.config.train import DataConfig
from raif.errors import RaifError
from raif.models.chat import Chat
from raif.train.feed import Feed, draw, whole
from raif.types import Instruction
from tests.train.test_loop import instruction

RECORDS = [
    *(instruction(n) for n in range(4)),
    *(instruction(n, task="math", constraints=(), reference="2") for n in range(10, 13)),
]


def feed(chat: Chat, mix: Mapping[str, float]) -> Feed:
    return Feed.of(RECORDS, chat, 1024, mix)


def tasks(drawn: list[Instruction]) -> Counter[str]:
    return Counter(i.task for i in drawn)


@pytest.mark.parametrize(
    ("weights", "ratio"), [([1, 1], (1, 1)), ([0.2, 1], (1, 5)), ([5, 1], (5, 1)), ([2, 4, 6], (1, 2, 3))]
)
def test_weights_become_the_smallest_whole_numbers(weights: list[float], ratio: tuple[int, ...]) -> None:
    assert whole(weights) == ratio


@pytest.mark.parametrize(
    ("mix", "counts"), [({"math": 1, "ifeval": 2}, (4, 8)), ({"math": 5, "ifeval": 1}, (10, 2))]
)
def test_every_block_has_the_ratio(chat: Chat, mix: dict[str, float], counts: tuple[int, int]) -> None:
    for start in (0, 12, 60):
        found = tasks(feed(chat, mix).draw(start, 12, seed=0))
        assert (found["math"], found["ifeval"]) == counts


def test_each_pool_goes_through_its_records_once_an_epoch(chat: Chat) -> None:
    drawn = feed(chat, {"math": 1, "ifeval": 1}).draw(0, 24, seed=3)
    maths = [i.id for i in drawn if i.task == "math"]
    assert all(sorted(maths[k : k + 3]) == ["10", "11", "12"] for k in range(0, 12, 3))


def test_a_run_can_go_on_from_the_middle_of_an_epoch(chat: Chat) -> None:
    mixed = feed(chat, {"math": 1, "ifeval": 2})
    whole_run = mixed.draw(0, 20, seed=1)
    assert mixed.draw(0, 7, seed=1) + mixed.draw(7, 13, seed=1) == whole_run


def test_without_a_mix_the_records_come_as_they_are(chat: Chat) -> None:
    assert feed(chat, {}).draw(5, 9, seed=1) == draw(RECORDS, 5, 9, seed=1)


def test_a_task_that_is_not_named_is_left_out_and_a_plus_joins_tasks(chat: Chat) -> None:
    assert tasks(feed(chat, {"math": 1}).draw(0, 6, seed=0)) == {"math": 6}
    assert len(feed(chat, {"math+ifeval": 1}).pools[0]) == len(RECORDS)


def test_a_mix_of_what_is_not_there_is_an_error(chat: Chat) -> None:
    with pytest.raises(RaifError, match=r"data.mix: kk: no training record"):
        feed(chat, {"math": 1, "kk": 1})


@pytest.mark.parametrize(
    ("mix", "said"),
    [
        ({"maths": 1}, "Did you mean 'math'"),
        ({"math": 1, "ifeval+math": 1}, "named twice"),
        ({"math": 0}, "0.01"),
    ],
)
def test_a_mistake_in_the_mix_is_named(mix: dict[str, float], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        DataConfig.model_validate({"mix": mix})
