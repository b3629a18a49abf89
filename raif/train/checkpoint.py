"""Checkpoints: a model folder that transformers loads, with all that a run needs to go on bit for bit."""

from __future__ import annotations

import json
import random
import shutil
from dataclasses import asdict, dataclass
from pathlib import Path

import torch

from raif.train.learner import Learner
from raif.train.model import save


@dataclass
class Progress:
    """Where a run stands; the position in the data follows from it.

    Steps and updates done, seconds spent training, prompts drawn beyond those of each step's first round.
    """

    step: int = 0
    updates: int = 0
    seconds: float = 0.0
    refilled: int = 0


def save_checkpoint(folder: Path, learner: Learner, progress: Progress, *, keep: int) -> None:
    """Write `folder/step-N` whole or not at all, then delete all but the newest `keep`."""
    final = folder / f"step-{progress.step:06d}"
    half_made = folder / "unfinished"
    shutil.rmtree(half_made, ignore_errors=True)
    half_made.mkdir(parents=True)
    save(learner.policy, half_made, state=learner.master.state())
    torch.save({"optimizer": learner.optimizer.state_dict(), "rng": _rng()}, half_made / "state.pt")
    (half_made / "progress.json").write_text(json.dumps(asdict(progress)))
    shutil.rmtree(final, ignore_errors=True)
    half_made.rename(final)
    for old in checkpoints(folder)[:-keep]:
        shutil.rmtree(old)


def checkpoints(folder: Path) -> list[Path]:
    """The finished checkpoints, oldest first."""
    return sorted(folder.glob("step-*"))


def load_checkpoint(path: Path, learner: Learner) -> Progress:
    """Put the learner back to where it was."""
    from safetensors.torch import load_file

    learner.master.load(load_file(path / "model.safetensors"))
    state = torch.load(path / "state.pt", weights_only=False)
    learner.optimizer.load_state_dict(state["optimizer"])
    torch.set_rng_state(state["rng"]["torch"])
    random.setstate(state["rng"]["python"])
    return Progress(**json.loads((path / "progress.json").read_text()))


def _rng() -> dict[str, object]:
    return {"torch": torch.get_rng_state(), "python": random.getstate()}
