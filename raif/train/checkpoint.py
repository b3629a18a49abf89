"""Checkpoints: all that a run needs to continue bit for bit, on the same number of ranks or another.

Each rank writes whole tensors of its own, so any number of ranks, under any stage of ZeRO or none, reads what
any other wrote. Without LoRA a checkpoint is a model folder that transformers loads; with it, it holds the
adapters alone, as peft loads them, too.
"""

from __future__ import annotations

import io
import json
import random
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from pickle import UnpicklingError
from typing import Any

import torch
from torch import Tensor

from raif.errors import RaifError, UnhealthyRun
from raif.files.whole import sha256
from raif.models.load import save_tokenizer, writing
from raif.train.learner import Learner
from raif.train.memory import Memory
from raif.train.optim.lora import save_adapters
from raif.train.optim.optimizer import STATE, Optimizer
from raif.train.ranks import Ranks
from raif.train.samplers.sampler import Sampled

AHEAD, MANIFEST, PROGRESS, RNG = "ahead.json", "files.json", "progress.json", "rng.pt"
KINDS = ("model", "optimizer")
"""Of files with tensors: weights, and the optimizer's moments."""


@dataclass
class Progress:
    """Where a run stands; the position in the data follows from it.

    Steps and updates done, seconds spent training, prompts drawn beyond those of each step's first round.
    """

    step: int = 0
    updates: int = 0
    seconds: float = 0.0
    refilled: int = 0


def checkpoints(folder: Path) -> list[Path]:
    """The finished checkpoints, oldest first."""
    return sorted(folder.glob("step-*"))


def checkpoint_of(folder: Path, step: int) -> Path:
    """Where the checkpoint after a step is, or will be."""
    return folder / f"step-{step:06d}"


def save_checkpoint(
    folder: Path,
    learner: Learner,
    progress: Progress,
    *,
    keep: int,
    best: int = 0,
    template: str | None = None,
    ahead: Sequence[Sampled] | None = None,
    memory: Memory | None = None,
) -> None:
    """Write `folder/step-N` whole or not at all, then delete all but the newest `keep` and that of the step
    `best`.

    `template`: the chat template that asks as training does. `ahead`:
    this rank's responses of the next rollout, if they are sampled already. On all ranks, raises UnhealthyRun
    if a weight is not finite, and RaifError if the files can't be written; the earlier checkpoints stay.
    """
    unfinished, ranks, optimizer = folder / "unfinished", learner.ranks, learner.optimizer
    responses = ranks.gather(ahead)
    _written(folder, ranks, lambda: _empty(unfinished), by=ranks.first)
    weights, moments = _share(optimizer, ranks)
    adapters = (
        {name: optimizer.read(name)["weight"].cpu() for name in optimizer.names}
        if learner.config.lora.rank
        else None
    )
    bad = [name for name, weight in weights.items() if not weight.isfinite().all()]
    if found := [name for share in ranks.gather(bad) for name in share]:
        raise UnhealthyRun(
            f"weights are not finite after step {progress.step}: {found[0]} and {len(found) - 1} others",
            "No checkpoint was written; --resume continues from the one before.",
        )
    _written(folder, ranks, lambda: _write_shards(unfinished, optimizer, weights, moments, ranks))
    _written(
        folder,
        ranks,
        lambda: _write_rest(unfinished, learner, progress, adapters, template, responses, memory),
        by=ranks.first,
    )
    seals = _seals(unfinished, ranks)
    _written(folder, ranks, lambda: _put_in_place(folder, progress, seals), by=ranks.first)
    _written(folder, ranks, lambda: prune(folder, keep=keep, best=best), by=ranks.first)


def _empty(folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)


def _write_rest(
    unfinished: Path,
    learner: Learner,
    progress: Progress,
    adapters: Mapping[str, Tensor] | None,
    template: str | None,
    ahead: Sequence[Sequence[Sampled] | None],
    memory: Memory | None,
) -> None:
    """Everything but the shards. `adapters`: LoRA's, which are saved alone. `ahead`: of all ranks."""
    net = learner.policy.net
    if adapters is None:
        for part in (net.config, net.generation_config):
            part.save_pretrained(unfinished)
    else:
        save_adapters(net, learner.config.model.path, adapters, unfinished)
    save_tokenizer(learner.policy, unfinished, template)
    if None not in ahead:
        responses = [asdict(each) for share in ahead for each in share or ()]
        (unfinished / AHEAD).write_text(json.dumps(responses))
    if memory:
        memory.write(unfinished)
    rng = io.BytesIO()
    torch.save({"torch": torch.get_rng_state(), "python": random.getstate()}, rng)
    (unfinished / RNG).write_bytes(rng.getvalue())
    (unfinished / PROGRESS).write_text(json.dumps(asdict(progress)))


def _seals(unfinished: Path, ranks: Ranks) -> dict[str, dict[str, Any]]:
    """The size and checksum of each file by its name; the ranks share the reading."""
    files = sorted(each for each in unfinished.rglob("*") if each.is_file()) if ranks.first else []
    (files, *_) = ranks.gather(files)
    _, mine = ranks.share(files)
    seals = {str(f.relative_to(unfinished)): {"bytes": f.stat().st_size, "sha256": sha256(f)} for f in mine}
    return {name: seal for share in ranks.gather(seals) for name, seal in share.items()}


def _put_in_place(folder: Path, progress: Progress, seals: Mapping[str, Any]) -> None:
    """Seal the unfinished checkpoint and give it its name."""
    unfinished = folder / "unfinished"
    (unfinished / MANIFEST).write_text(json.dumps(seals, indent=1))
    final = checkpoint_of(folder, progress.step)
    _delete(final)
    unfinished.rename(final)


def prune(folder: Path, *, keep: int, best: int) -> None:
    """Delete all but the newest `keep` checkpoints and that of the step `best`; `folder/best` links to it."""
    kept = checkpoint_of(folder, best)
    if not kept.is_dir():
        (folder / "best").unlink(missing_ok=True)
    else:
        (folder / "best.new").unlink(missing_ok=True)
        (folder / "best.new").symlink_to(kept.name)
        (folder / "best.new").replace(folder / "best")
    for old in checkpoints(folder)[:-keep]:
        if old != kept:
            _delete(old)


def _written(folder: Path, ranks: Ranks, write: Callable[[], None], *, by: bool = True) -> None:
    """Run `write` on the ranks that are meant. Raises RaifError on all if one of them fails."""
    failure = ""
    try:
        if by:
            with writing(folder):
                write()
    except RaifError as error:
        failure = error.message
    if failures := [each for each in ranks.gather(failure) if each]:
        if ranks.first:
            shutil.rmtree(folder / "unfinished", ignore_errors=True)
        whole = checkpoints(folder)
        raise RaifError(
            failures[0],
            "Free some space, or make the folder writable; then --resume continues "
            + (f"from {whole[-1].name}." if whole else "from the start."),
        )


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
    while found and (wrong := damage(found[-1], ranks)):
        damaged.append((found.pop(), wrong))
    if damaged and not found:
        raise RaifError(
            "\n".join(f"{path} is damaged: {wrong}" for path, wrong in damaged),
            "There is no checkpoint before it. Start again with --overwrite.",
        )
    ranks.wait()
    for path, wrong in damaged:
        if ranks.first:
            shutil.rmtree(path.with_name(f"damaged-{path.name}"), ignore_errors=True)
            path.rename(path.with_name(f"damaged-{path.name}"))
        said(f"{path} is damaged ({wrong}): renamed to damaged-{path.name}, and {found[-1].name} is taken")
    ranks.wait()
    return found[-1] if found else None


def damage(checkpoint: Path, ranks: Ranks) -> str | None:
    """What is wrong with it, the same on all ranks. Without a manifest, as earlier versions wrote them, the
    files are only opened."""
    seals: dict[str, Any] = {}
    try:
        if (checkpoint / MANIFEST).exists():
            seals = json.loads((checkpoint / MANIFEST).read_text("utf-8"))
    except (OSError, ValueError) as error:
        return f"{MANIFEST} can't be read: {error}"
    names = [*seals, PROGRESS, RNG, *(f.name for f in checkpoint.glob("*.safetensors"))]

    def check(first: int, names: Sequence[str]) -> list[str]:
        return [wrong for name in names if (wrong := _wrong(checkpoint / name, name, seals.get(name)))]

    return next(iter(ranks.together(list(dict.fromkeys(names)), check)), None)


def _wrong(path: Path, name: str, seal: Mapping[str, Any] | None) -> str | None:
    """What is wrong with one file of a checkpoint. Without its seal, it is only opened."""
    from safetensors import SafetensorError, safe_open

    try:
        if seal and path.stat().st_size != seal["bytes"]:
            return f"{name} has {path.stat().st_size} bytes of {seal['bytes']}"
        if seal:
            return None if sha256(path) == seal["sha256"] else f"{name} has other contents than were written"
        if path.suffix == ".safetensors":
            with safe_open(path, "pt"):
                pass
        elif path.suffix == ".json":
            json.loads(path.read_text("utf-8"))
        else:
            torch.load(path, weights_only=False)
    except FileNotFoundError:
        return f"{name} is missing"
    except (OSError, SafetensorError, ValueError, RuntimeError, EOFError, UnpicklingError) as error:
        return f"{name} can't be read: {error}"
    return None


def load_checkpoint(path: Path, learner: Learner) -> Progress:
    """Put the learner back to where it was when `path` was written."""
    _read_shards(path, learner.optimizer)
    rng = torch.load(path / RNG, weights_only=False)
    torch.set_rng_state(rng["torch"])
    random.setstate(rng["python"])
    stored = json.loads((path / PROGRESS).read_text())  # earlier versions had more in it
    return Progress(**{field.name: stored[field.name] for field in fields(Progress) if field.name in stored})


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
