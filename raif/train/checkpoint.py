"""Checkpoints: all that a run needs to continue bit for bit, on the same number of ranks or another.

Each rank writes whole tensors of its own, so any number of ranks, under any stage of ZeRO or none, reads what
any other wrote. Without LoRA a checkpoint is a model folder that transformers loads; with it, it holds the
adapters alone, as peft loads them, too.
"""

from __future__ import annotations

import json
import random
import shutil
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch

from raif.models.load import save_tokenizer
from raif.train.learner import Learner
from raif.train.optim.lora import save_adapters
from raif.train.optim.optimizer import STATE, Optimizer
from raif.train.ranks import Ranks
from raif.train.samplers.sampler import Sampled

AHEAD = "ahead.json"
KINDS = ("model", "optimizer")
"""Of files with tensors: weights, and the optimizer's moments."""


@dataclass
class Progress:
    """Where a run stands; the position in the data follows from it.

    Steps and updates done, seconds spent training, prompts drawn beyond those of each step's first round. Of
    `evaluation.best`: the figure, the step where it was best (0: none yet) and its value there, and for how
    many evaluations it has not been better.
    """

    step: int = 0
    updates: int = 0
    seconds: float = 0.0
    refilled: int = 0
    best_figure: str = ""
    best_step: int = 0
    best_value: float | None = None
    stale: int = 0


def checkpoints(folder: Path) -> list[Path]:
    """The finished checkpoints, oldest first."""
    return sorted(folder.glob("step-*"))


def save_checkpoint(
    folder: Path,
    learner: Learner,
    progress: Progress,
    *,
    keep: int,
    template: str | None = None,
    ahead: Sequence[Sampled] | None = None,
) -> None:
    """Write `folder/step-N` whole or not at all, then delete all but the newest `keep` and the best.

    `folder/best` links to the best one.

    `template`: the chat template that asks as training does. `ahead`: this rank's responses of the next
    rollout, if they are sampled already.
    """
    unfinished, ranks = folder / "unfinished", learner.ranks
    shares = ranks.gather(ahead)
    if ranks.first:
        shutil.rmtree(unfinished, ignore_errors=True)
        unfinished.mkdir(parents=True)
    ranks.wait()
    _write_shards(unfinished, learner.optimizer, ranks)
    if learner.config.lora.rank:
        adapters = {name: learner.optimizer.read(name)["weight"].cpu() for name in learner.optimizer.names}
        if ranks.first:
            save_adapters(learner.policy.net, learner.config.model.path, adapters, unfinished)
    ranks.wait()
    if not ranks.first:
        return
    if None not in shares:
        responses = [asdict(each) for share in shares for each in share or ()]
        (unfinished / AHEAD).write_text(json.dumps(responses))
    if not learner.config.lora.rank:
        net = learner.policy.net
        for part in (net.config, net.generation_config):
            part.save_pretrained(unfinished)
    save_tokenizer(learner.policy, unfinished, template)
    torch.save({"torch": torch.get_rng_state(), "python": random.getstate()}, unfinished / "rng.pt")
    (unfinished / "progress.json").write_text(json.dumps(asdict(progress)))
    final = folder / f"step-{progress.step:06d}"
    shutil.rmtree(final, ignore_errors=True)
    unfinished.rename(final)
    best = folder / f"step-{progress.best_step:06d}"
    if not best.is_dir():
        (folder / "best").unlink(missing_ok=True)
    else:
        (folder / "best.new").unlink(missing_ok=True)
        (folder / "best.new").symlink_to(best.name)
        (folder / "best.new").replace(folder / "best")
    for old in checkpoints(folder)[:-keep]:
        if old != best:
            shutil.rmtree(old)


def load_checkpoint(path: Path, learner: Learner) -> Progress:
    """Put the learner back to where it was when `path` was written."""
    _read_shards(path, learner.optimizer)
    rng = torch.load(path / "rng.pt", weights_only=False)
    torch.set_rng_state(rng["torch"])
    random.setstate(rng["python"])
    return Progress(**json.loads((path / "progress.json").read_text()))


def load_ahead(path: Path, ranks: Ranks) -> list[Sampled] | None:
    """This rank's responses of the next rollout, if they were sampled already."""
    file = path / AHEAD
    if not file.exists():
        return None
    _, mine = ranks.share(json.loads(file.read_text()))
    return [Sampled.read(each) for each in mine]


def _write_shards(folder: Path, optimizer: Optimizer, ranks: Ranks) -> None:
    """Write every trained parameter: rank r those at the positions r, r + size, ..."""
    from safetensors.torch import save_file

    weights, moments = {}, {"steps": torch.tensor(optimizer.steps)}
    for i, name in enumerate(optimizer.names):
        state = {part: value.cpu() for part, value in optimizer.read(name).items()}
        if i % ranks.size == ranks.rank:
            weights[name] = state["weight"]
            moments |= {f"{part}/{name}": state[part] for part in STATE[1:]}
    for kind, tensors in zip(KINDS, (weights, moments), strict=True):
        save_file(tensors, folder / _shard(kind, ranks.rank, ranks.size), metadata={"format": "pt"})
    if ranks.first:
        files = {name: _shard("model", i % ranks.size, ranks.size) for i, name in enumerate(optimizer.names)}
        index = {"metadata": {}, "weight_map": files}
        (folder / "model.safetensors.index.json").write_text(json.dumps(index))


def _read_shards(folder: Path, optimizer: Optimizer) -> None:
    """Put the optimizer back. Each tensor is read when it is needed."""
    from safetensors import safe_open

    files = [path for kind in KINDS for path in sorted(folder.glob(f"{kind}-*.safetensors"))]
    with ExitStack() as stack:
        opened: list[Any] = [stack.enter_context(safe_open(path, "pt")) for path in files]
        where = {key: file for file in opened for key in file.keys()}  # noqa: SIM118
        for name in optimizer.names:
            keys = {"weight": name, **{part: f"{part}/{name}" for part in STATE[1:]}}
            optimizer.write(name, {part: where[key].get_tensor(key) for part, key in keys.items()})
        optimizer.rewind(int(where["steps"].get_tensor("steps")))


def weights_of(folder: Path) -> Iterator[tuple[str, torch.Tensor]]:
    """The trained weights of a checkpoint, in float32, one by one."""
    from safetensors import safe_open

    for path in sorted(folder.glob("model-*.safetensors")):
        with safe_open(path, "pt") as file:
            for name in file.keys():  # noqa: SIM118
                yield name, file.get_tensor(name)


def _shard(kind: str, rank: int, size: int) -> str:
    return f"{kind}-{rank + 1:05d}-of-{size:05d}.safetensors"
