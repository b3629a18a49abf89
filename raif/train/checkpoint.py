"""Checkpoints: all that a run needs to continue bit for bit, on the same number of ranks or another.

Each rank writes whole tensors of its own, so any number of ranks, under any stage of ZeRO or none, reads what
any other wrote. Without LoRA a checkpoint is a model folder that transformers loads; with it, it holds the
adapters alone, as peft loads them, too.
"""

from __future__ import annotations

import json
import random
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from raif.errors import RaifError, UnhealthyRun
from raif.files.whole import sha256
from raif.models.load import save_tokenizer
from raif.train.learner import Learner
from raif.train.optim.lora import save_adapters
from raif.train.optim.optimizer import STATE, Optimizer
from raif.train.ranks import Ranks
from raif.train.samplers.sampler import Sampled

AHEAD, MANIFEST = "ahead.json", "files.json"
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

    `folder/best` links to the best one. `template`: the chat template that asks as training does. `ahead`:
    this rank's responses of the next rollout, if they are sampled already. On all ranks, raises UnhealthyRun
    if a weight is not finite, and RaifError if the files can't be written; the earlier checkpoints stay.
    """
    unfinished, ranks = folder / "unfinished", learner.ranks
    shares = ranks.gather(ahead)

    def prepare() -> None:
        shutil.rmtree(unfinished, ignore_errors=True)
        unfinished.mkdir(parents=True)

    def write_rest() -> None:
        if learner.config.lora.rank:
            save_adapters(learner.policy.net, learner.config.model.path, adapters, unfinished)
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

    def finish() -> None:
        listed = {name: seal for share in seals for name, seal in share.items()}
        (unfinished / MANIFEST).write_text(json.dumps(listed, indent=1))
        final = folder / f"step-{progress.step:06d}"
        _delete(final)
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
                _delete(old)

    _written(folder, ranks, prepare, by=ranks.first)
    weights, moments = _share(learner.optimizer, ranks)
    adapters = {}
    if learner.config.lora.rank:
        adapters = {name: learner.optimizer.read(name)["weight"].cpu() for name in learner.optimizer.names}
    bad = [name for name, weight in weights.items() if not weight.isfinite().all()]
    if found := [name for share in ranks.gather(bad) for name in share]:
        raise UnhealthyRun(
            f"weights are not finite after step {progress.step}: {found[0]} and {len(found) - 1} others",
            "No checkpoint was written; --resume continues from the one before.",
        )
    _written(folder, ranks, lambda: _write_shards(unfinished, learner.optimizer, weights, moments, ranks))
    _written(folder, ranks, write_rest, by=ranks.first)
    files = sorted(each for each in unfinished.rglob("*") if each.is_file()) if ranks.first else []
    (files, *_) = ranks.gather(files)
    _, mine = ranks.share(files)
    seals = ranks.gather({str(each.relative_to(unfinished)): _seal(each) for each in mine})
    _written(folder, ranks, finish, by=ranks.first)


def _written(folder: Path, ranks: Ranks, write: Callable[[], None], *, by: bool = True) -> None:
    """Run `write` on the ranks that are meant. Raises RaifError on all if one of them fails."""
    from safetensors import SafetensorError

    failure = ""
    try:
        if by:
            write()
    except (OSError, RuntimeError, SafetensorError) as error:  # torch.save raises RuntimeError
        failure = str(error)
    if failures := [each for each in ranks.gather(failure) if each]:
        if ranks.first:
            shutil.rmtree(folder / "unfinished", ignore_errors=True)
        whole = checkpoints(folder)
        raise RaifError(
            f"{folder}: the checkpoint can't be written: {failures[0]}",
            "Free some space, or make the folder writable; then --resume continues "
            + (f"from {whole[-1].name}." if whole else "from the start."),
        )


def _seal(file: Path) -> dict[str, int | str]:
    return {"bytes": file.stat().st_size, "sha256": sha256(file)}


def _delete(checkpoint: Path) -> None:
    """Under another name, so that a half-deleted one is never taken for a checkpoint."""
    if checkpoint.exists():
        leaving = checkpoint.with_name("deleted")
        shutil.rmtree(leaving, ignore_errors=True)
        checkpoint.rename(leaving)
        shutil.rmtree(leaving)


def newest_whole(folder: Path, ranks: Ranks, said: Callable[[str], None]) -> Path | None:
    """The newest checkpoint that is whole; None if there is none at all.

    Damaged ones that are newer are renamed, and `said` is told. Raises RaifError if all are damaged.
    """
    found = checkpoints(folder)
    damaged: list[tuple[Path, str]] = []
    while found and (damage := _damage(found[-1], ranks)):
        damaged.append((found.pop(), damage))
    if damaged and not found:
        raise RaifError(
            "\n".join(f"{path} is damaged: {damage}" for path, damage in damaged),
            "There is no checkpoint before it. Start again with --overwrite.",
        )
    ranks.wait()
    for path, damage in damaged:
        if ranks.first:
            shutil.rmtree(path.with_name(f"damaged-{path.name}"), ignore_errors=True)
            path.rename(path.with_name(f"damaged-{path.name}"))
        said(f"{path} is damaged ({damage}): renamed to damaged-{path.name}, and {found[-1].name} is taken")
    ranks.wait()
    return found[-1] if found else None


def _damage(checkpoint: Path, ranks: Ranks) -> str | None:
    """What is wrong with it, the same on all ranks. Without a manifest, of earlier versions, the files are
    only opened."""
    from safetensors import SafetensorError, safe_open

    def check(first: int, names: Sequence[str]) -> list[str]:
        wrong = []
        for name in names:
            path = checkpoint / name
            try:
                if name in listed and path.stat().st_size != listed[name]["bytes"]:
                    wrong.append(f"{name} has {path.stat().st_size} bytes of {listed[name]['bytes']}")
                elif name in listed and sha256(path) != listed[name]["sha256"]:
                    wrong.append(f"{name} has other contents than were written")
                elif path.suffix == ".safetensors":
                    with safe_open(path, "pt"):
                        pass
                elif path.suffix == ".json":
                    json.loads(path.read_text("utf-8"))
                elif not path.is_file():
                    wrong.append(f"{name} is missing")
            except FileNotFoundError:
                wrong.append(f"{name} is missing")
            except (OSError, SafetensorError, ValueError) as error:
                wrong.append(f"{name} can't be read: {error}")
        return wrong

    listed: dict[str, Any] = {}
    try:
        if (checkpoint / MANIFEST).exists():
            listed = json.loads((checkpoint / MANIFEST).read_text("utf-8"))
    except (OSError, ValueError) as error:
        return f"{MANIFEST} can't be read: {error}"
    needed = ["progress.json", "rng.pt", *(f.name for f in checkpoint.glob("*.safetensors"))]
    return next(iter(ranks.together(list(dict.fromkeys([*listed, *needed])), check)), None)


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


def _share(optimizer: Optimizer, ranks: Ranks) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
    """The weights and moments that rank r writes: of the parameters at the positions r, r + size, ..."""
    weights, moments = {}, {"steps": torch.tensor(optimizer.steps)}
    for i, name in enumerate(optimizer.names):
        state = {part: value.cpu() for part, value in optimizer.read(name).items()}
        if i % ranks.size == ranks.rank:
            weights[name] = state["weight"]
            moments |= {f"{part}/{name}": state[part] for part in STATE[1:]}
    return weights, moments


def _write_shards(
    folder: Path,
    optimizer: Optimizer,
    weights: dict[str, Tensor],
    moments: dict[str, Tensor],
    ranks: Ranks,
) -> None:
    from safetensors.torch import save_file

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
