"""Three real processes share work over gloo: nothing is lost, nothing done twice, and all know the result."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("torch", reason="needs raif[train]")

from raif.train.ranks import ALONE

SCRIPT = """
import json, sys
import torch.distributed as dist
from raif.errors import EndpointError
from raif.train.launch import Launch
from raif.train.ranks import Ranks
def refuse(first, items):
    if first == 2:
        raise EndpointError("no server", "Start it.")
    return items
launch = Launch.of()
dist.init_process_group("gloo")
ranks = Ranks(launch)
seen = {
    "dealt": list(ranks.deal("abcdefg")),
    "together": ranks.together(range(10, 17), lambda first, items: [(first, ranks.rank, i) for i in items]),
    "few": ranks.together([1], lambda first, items: [i + first for i in items]),
    "sums": ranks.add({"a": 0.1 * (ranks.rank + 1), **({"b": 2.0} if ranks.first else {})}),
}
try:
    ranks.together(range(6), refuse)
except EndpointError as error:
    seen["error"] = [error.message, error.hint]
with ranks.first_ahead():
    if ranks.first:
        open(sys.argv[1] + "/made", "w").write("by rank 0")
    seen["made"] = open(sys.argv[1] + "/made").read()
json.dump(seen, open(f"{sys.argv[1]}/rank-{ranks.rank}", "w"))
dist.destroy_process_group()
"""


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    folder = tmp_path_factory.mktemp("ranks")
    torchrun = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "3"]
    command = [*torchrun, "--no-python", sys.executable, "-c", SCRIPT, str(folder)]
    subprocess.run(command, check=True, timeout=240, cwd=Path(__file__).parents[2])
    return [json.loads((folder / f"rank-{rank}").read_text()) for rank in range(3)]


def test_each_item_is_dealt_once_and_all_have_as_many_turns(seen: list[dict[str, Any]]) -> None:
    turns = [each["dealt"] for each in seen]
    assert [len(each) for each in turns] == [3, 3, 3]
    assert sorted(item for each in turns for item, weight in each if weight) == list("abcdefg")


def test_shared_work_comes_together_in_order_on_all_ranks(seen: list[dict[str, Any]]) -> None:
    assert seen[0]["together"] == seen[1]["together"] == seen[2]["together"]
    firsts, owners, items = zip(*seen[0]["together"], strict=True)
    assert (list(items), set(owners)) == (list(range(10, 17)), {0, 1, 2})
    assert [10 + first <= item for first, item in zip(firsts, items, strict=True)] == [True] * 7


def test_fewer_items_than_ranks_are_no_trouble(seen: list[dict[str, Any]]) -> None:
    assert [each["few"] for each in seen] == [[1]] * 3


def test_an_error_of_one_rank_is_raised_on_all(seen: list[dict[str, Any]]) -> None:
    assert [each["error"] for each in seen] == [["no server", "Start it."]] * 3


def test_sums_are_alike_to_the_last_bit(seen: list[dict[str, Any]]) -> None:
    assert seen[0]["sums"] == seen[1]["sums"] == seen[2]["sums"] == {"a": 0.1 + 0.2 + 0.1 * 3, "b": 2.0}


def test_the_others_find_what_rank_0_made(seen: list[dict[str, Any]]) -> None:
    assert [each["made"] for each in seen] == ["by rank 0"] * 3


def test_alone_everything_is_ones_own() -> None:
    assert list(ALONE.deal("abc")) == [("a", 1.0), ("b", 1.0), ("c", 1.0)]
    assert ALONE.together([3, 4], lambda first, items: [first + i for i in items]) == [3, 4]
    assert ALONE.add({"a": 1.0}) == {"a": 1.0}
