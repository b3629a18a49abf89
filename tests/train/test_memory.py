"""What a run remembers survives a checkpoint: a resumed run takes the steps that an unbroken one takes."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from raif.config import dump
from raif.config.train import TrainConfig
from raif.models.decode import Completion
from raif.train import run as running
from raif.train.learner import Learner
from raif.train.log import Events
from raif.train.loop import Trainer
from raif.train.memory import KEPT, WINDOW, Memory
from raif.train.run import Run
from tests.tiny import repeatable
from tests.train.test_loop import Scripted, instruction
from tests.train.test_rewrite import TEXT, record, words

WORDING = "Say {}. Make it at least 3 words long. Leave out every comma."


class Wavering(Scripted):
    """Answers that depend on the prompt, the response's number and the seed."""

    def sample(
        self, prompts: Sequence[list[int]], counts: Sequence[int], *, seed: int
    ) -> list[list[Completion]]:
        found = []
        for n, (prompt, count) in enumerate(zip(prompts, counts, strict=True)):
            start = sum(prompt) + seed + n
            turned = [self.texts[(start + i) % len(self.texts)] for i in range(len(self.texts))]
            found += Scripted(self.chat, turned).sample([prompt], [count], seed=seed)
        return found


def answer(text: str) -> str:
    return f"Hm.\n</think>\n<answer>\n{text}\n</answer>"


TEXTS = [answer(text) for text in ("tea", "one two three", "one, two", "a, b, c", "well now this is it")]


@pytest.fixture
def config(tiny_folder: Path, tmp_path: Path) -> dict[str, Any]:
    file = tmp_path / "train.jsonl"
    lines = [record(WORDING.format(n), words(3), instruction(0).constraints[0]) for n in range(7)]
    file.write_text("".join(line.model_copy(update={"id": str(n)}).model_dump_json() + "\n"
                            for n, line in enumerate(lines)))  # fmt: skip
    return {
        "steps": 4,
        "model": {"path": str(tiny_folder), "compute": "float32", "gradient_checkpointing": False,
                  "device": "cpu"},
        "data": {"train": str(file)},
        "rollout": {"prompts": 2, "group_size": 8, "max_new_tokens": 64, "band": [0.2, 0.8],
                    "contrast_by_kind": True, "temperatures": [1.0, 1.0]},
        "cloning": {"batch": 4, "successes": 0.5, "hindsight": 0.25},
        "loss": {"kl": 0},
        "optimizer": {"lr": 1e-3, "batch": 16},
        "checkpoint": {"every": 1, "keep": 9},
    }  # fmt: skip


def go(config: dict[str, Any], folder: Path, monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    def choose(config: TrainConfig, learner: Learner, *rest: object) -> Scripted:
        from raif.models.chat import Chat

        return Wavering(Chat(learner.policy.tokenizer, "tagged"), TEXTS)

    monkeypatch.setattr(running, "choose_sampler", choose)
    monkeypatch.setattr(Trainer, "gate", None)  # a random model finds nothing relevant
    folder.mkdir(exist_ok=True)
    resolved = TrainConfig.model_validate(config)
    (folder / "config.yaml").write_text(dump(resolved))
    Run(resolved, folder, Events()).go()
    return [repeatable(json.loads(line)) for line in (folder / "metrics.jsonl").read_text().splitlines()]


def test_a_resumed_run_remembers(
    config: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = go(config, tmp_path / "whole", monkeypatch)
    go(config | {"steps": 2}, tmp_path / "broken", monkeypatch)
    assert go(config, tmp_path / "broken", monkeypatch) == whole
    last = "checkpoints/step-000004/memory.json"
    assert (tmp_path / "broken" / last).read_text() == (tmp_path / "whole" / last).read_text()
    assert whole[-1]["own_successes_kept"] or whole[-1]["own_hindsight_kept"]
    assert {"band_known", "direct_share", "kind_plain/punctuation:no_comma"} <= whole[-1].keys()


def test_a_run_that_goes_by_nothing_remembers_nothing(
    config: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    off = {"rollout": {"prompts": 2, "group_size": 8, "max_new_tokens": 64}, "cloning": {"batch": 4}}
    found = go(config | off | {"steps": 1}, tmp_path / "run", monkeypatch)
    assert not (tmp_path / "run" / "checkpoints" / "step-000001" / "memory.json").exists()
    assert not [key for key in found[0] if key.startswith(("own_", "band_", "direct", "thinking_gain"))]


def test_what_is_written_is_read_and_the_oldest_go(tmp_path: Path) -> None:
    memory = Memory()
    pairs = [
        record(f"{TEXT} {n}", words(90), expert={"thinking": "Hm.", "answer": f"{n}"})
        for n in range(KEPT + 3)
    ]
    memory.keep("hindsight", pairs)
    memory.kinds["plain"]["a"] = [0, 1] * WINDOW
    memory.prompts["b"] = 1 / 3
    memory.write(tmp_path)
    assert Memory.read(tmp_path) == memory
    assert memory.pools["hindsight"] == pairs[3:]
    (tmp_path / "memory.json").unlink()
    assert Memory.read(tmp_path) == Memory()
