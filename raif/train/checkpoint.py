"""Checkpoints: all that a run needs to go on bit for bit, on this number of ranks or another.

Without LoRA a checkpoint is a model folder that transformers loads; with it, it holds the adapters alone.
"""

from __future__ import annotations

import json
import random
import shutil
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import torch

from raif.train.learner import Learner
from raif.train.ranks import Ranks
from raif.train.samplers.sampler import Sampled
from raif.train.shards import read_shards, write_shards

_AHEAD = "ahead.json"


@dataclass
class Progress:
    """Where a run stands; the position in the data follows from it.

    Steps and updates done, seconds spent training, prompts drawn beyond those of each step's first round.
    """

    step: int = 0
    updates: int = 0
    seconds: float = 0.0
    refilled: int = 0


def save_checkpoint(
    folder: Path, learner: Learner, progress: Progress, *, keep: int, ahead: Sequence[Sampled] | None = None
) -> None:
    """Write `folder/step-N` whole or not at all, then delete all but the newest `keep`.

    `ahead`: this rank's responses of the next rollout, where they are sampled already.
    """
    half_made, ranks = folder / "unfinished", learner.ranks
    shares = ranks.gather(ahead)
    if ranks.first:
        shutil.rmtree(half_made, ignore_errors=True)
        half_made.mkdir(parents=True)
    ranks.wait()
    write_shards(half_made, learner.optimizer, ranks)
    ranks.wait()
    if ranks.first:
        if None not in shares:
            responses = [asdict(each) for share in shares for each in share or ()]
            (half_made / _AHEAD).write_text(json.dumps(responses))
        _finish(half_made, learner, progress)
        for old in checkpoints(folder)[:-keep]:
            shutil.rmtree(old)


def _finish(half_made: Path, learner: Learner, progress: Progress) -> None:
    if not learner.config.lora.rank:
        net = learner.policy.net
        for part in (net.config, net.generation_config, learner.policy.tokenizer):
            part.save_pretrained(half_made)
    torch.save({"torch": torch.get_rng_state(), "python": random.getstate()}, half_made / "rng.pt")
    (half_made / "progress.json").write_text(json.dumps(asdict(progress)))
    final = half_made.with_name(f"step-{progress.step:06d}")
    shutil.rmtree(final, ignore_errors=True)
    half_made.rename(final)


def checkpoints(folder: Path) -> list[Path]:
    """The finished checkpoints, oldest first."""
    return sorted(folder.glob("step-*"))


def load_checkpoint(path: Path, learner: Learner) -> Progress:
    """Put the learner back to where it was."""
    read_shards(path, learner.optimizer)
    rng = torch.load(path / "rng.pt", weights_only=False)
    torch.set_rng_state(rng["torch"])
    random.setstate(rng["python"])
    return Progress(**json.loads((path / "progress.json").read_text()))


def load_ahead(path: Path, ranks: Ranks) -> list[Sampled] | None:
    """This rank's responses of the next rollout, where they were sampled already."""
    file = path / _AHEAD
    if not file.exists():
        return None
    _, mine = ranks.share(json.loads(file.read_text()))
    return [Sampled.read(each) for each in mine]
