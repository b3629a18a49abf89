"""From requests to a trained model: what gen-data packs is what `raif train` learns from, all tasks mixed."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from raif import records
from raif.config.staged import StagedConfig
from raif.config.train import TrainConfig
from raif.data.staged import run as run_stages
from raif.files import jsonl
from raif.train.heldout import Report
from raif.train.log import Events
from raif.train.run import Run
from tests import teacher
from tests.chat_server import ChatServer, chat_server
from tests.train.test_loop import Scripted

pytest.importorskip("rensa", reason="needs raif[data]")
pytest.importorskip("math_verify", reason="needs raif[math]")

TASKS = ("ifeval", "complex", "math", "kk")
WORDS = ("ships", "lights", "keepers", "storms", "ropes", "gulls", "nets", "tides")
PUZZLE = {
    "id": "kk-{}",
    "task": "kk",
    "messages": [{"role": "user", "content": "Puzzle {}: Zoey says: Oliver is a knave. Who is what?"}],
    "reference": "Zoey is a knight. Oliver is a knave.",
}
SAYS = "Hm.\n</think>\n<answer>\n{}\n</answer>"
RIGHT_FOR_ONE_SORT = [SAYS.format(text) for text in (teacher.ANSWER, "\\boxed{3}", PUZZLE["reference"])]


def pipeline(server: ChatServer, folder: Path, *stages: str, **keys: Any) -> None:
    endpoint = {"base_url": server.base_url}
    fixed = {
        "stages": stages,
        "teacher": {"model": "m", "endpoint": endpoint},
        "pack": {"heldout_share": 0.3},
    }
    run_stages(StagedConfig.model_validate(fixed | keys), folder)


@pytest.fixture(scope="module")
def packed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, ChatServer]]:
    """The folder of the packed files, and the server that was their teacher and can judge."""
    folder = tmp_path_factory.mktemp("packed")
    prompts = [{"prompt": f"Tell me about the {word} of a harbour."} for word in WORDS]
    jsonl.write(folder / "seeds.jsonl", prompts)
    jsonl.write(
        folder / "math.jsonl", [{"problem": f"What is {n} + {3 - n}?", "answer": "3"} for n in range(4)]
    )
    select = {"sources": [{"path": folder / "seeds.jsonl"}], "near_duplicate": 1.0}
    kinds = ["punctuation:no_comma", "detectable_format:title", "keywords:existence"]
    evolve = {"kinds": kinds, "max_checks": 2, "judged": 0.4, "per_seed": 3}
    with chat_server(teacher.teacher) as server:
        stages = ("select", "evolve", "respond", "check")
        pipeline(server, folder / "made", *stages, select=select, evolve=evolve)
        puzzles = [json.loads(json.dumps(PUZZLE).replace("{}", str(n))) for n in range(8)]
        made = [each.model_dump(mode="json") for each in records.read(folder / "made" / "check.jsonl")]
        jsonl.write(folder / "all.jsonl", [*made, *puzzles])
        pack = {"heldout_share": 0.3, "math": {"path": folder / "math.jsonl"}}
        pipeline(server, folder / "packed", "pack", input=folder / "all.jsonl", pack=pack)
        yield folder / "packed", server


def config(model: Path, data: Path, server: ChatServer) -> TrainConfig:
    return TrainConfig.model_validate(
        {
            "steps": 2,
            "contrast": False,
            "model": {"path": str(model), "compute": "float32", "device": "cpu"},
            "judge": {"model": "m", "endpoint": {"base_url": server.base_url}},
            "data": {
                "train": data / "train.jsonl",
                "heldout": data / "heldout.jsonl",
                "max_prompt_tokens": 4000,
                "mix": dict.fromkeys(TASKS, 1),
            },
            "rollout": {"prompts": 4, "group_size": 4},
            "optimizer": {"batch": 16, "micro_batch": 4},
            "cloning": {"batch": 2},
            "evaluation": {"max_new_tokens": 4},
        }
    )


@pytest.fixture(scope="module")
def trained(
    packed: tuple[Path, ChatServer], tiny_folder: Path, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, Report]:
    """The folder and the report of a run whose answers are right for one sort of task each."""
    data, server = packed
    folder = tmp_path_factory.mktemp("run")
    run = Run(config(tiny_folder, data, server), folder, Events())
    run.trainer.sampler = Scripted(run.trainer.chat, [*RIGHT_FOR_ONE_SORT, "no tags"])
    return folder, run.go()


def test_the_packed_file_has_all_tasks(packed: tuple[Path, ChatServer]) -> None:
    assert {record.task for record in records.read(packed[0] / "train.jsonl")} == set(TASKS)


def test_every_task_is_rewarded_for_what_is_right_and_for_what_is_wrong(
    packed: tuple[Path, ChatServer], trained: tuple[Path, Report]
) -> None:
    task = {record.id: record.task for record in records.read(packed[0] / "train.jsonl")}
    found = defaultdict(set)
    for path in (trained[0] / "samples").iterdir():
        for line in map(json.loads, path.read_text("utf-8").splitlines()):
            found[task[line["id"]]].add(line["reward_accuracy"])
    assert {name: (min(each), max(each)) for name, each in found.items()} == dict.fromkeys(TASKS, (-2, 2))


def test_the_experts_of_the_pipeline_are_cloned(trained: tuple[Path, Report]) -> None:
    steps = [json.loads(line) for line in (trained[0] / "metrics.jsonl").read_text().splitlines()]
    assert len(steps) == 2
    assert all(step["cloning_loss"] > 0 for step in steps)


def test_held_out_experts_follow_what_code_and_judge_check_and_math_has_none(
    packed: tuple[Path, ChatServer], trained: tuple[Path, Report]
) -> None:
    experts, heldout = trained[1].rows["expert answers"], list(records.read(packed[0] / "heldout.jsonl"))
    assert experts.prompts == sum(record.expert is not None for record in heldout) < len(heldout)
    assert experts.constraints
    assert experts.constraints.value == 1.0
    assert experts.kinds["question"] == 1.0
