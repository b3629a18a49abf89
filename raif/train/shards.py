"""The state of training as files, each rank writing whole tensors of its own.

So any number of ranks, under any stage of ZeRO or none, reads what any other wrote; and the weights are
a model folder's shards, which transformers loads.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import torch

from raif.train.optim.optimizer import STATE, Optimizer
from raif.train.ranks import Ranks

FILES = ("model", "optimizer")


def write_shards(folder: Path, optimizer: Optimizer, ranks: Ranks) -> None:
    """Write every trained parameter, rank r those at the positions r, r + size, ..."""
    from safetensors.torch import save_file

    weights, moments = {}, {"steps": torch.tensor(optimizer.steps)}
    for i, name in enumerate(optimizer.names):
        state = {part: value.cpu() for part, value in optimizer.read(name).items()}
        if i % ranks.size == ranks.rank:
            weights[name] = state["weight"]
            moments |= {f"{part}/{name}": state[part] for part in STATE[1:]}
    for kind, tensors in zip(FILES, (weights, moments), strict=True):
        save_file(tensors, folder / _file(kind, ranks.rank, ranks.size), metadata={"format": "pt"})
    if ranks.first:
        files = {name: _file("model", i % ranks.size, ranks.size) for i, name in enumerate(optimizer.names)}
        index = {"metadata": {}, "weight_map": files}
        (folder / "model.safetensors.index.json").write_text(json.dumps(index))


def read_shards(folder: Path, optimizer: Optimizer) -> None:
    """Put the optimizer back to where it was when `folder` was written."""
    with _opened(folder) as where:
        for name in optimizer.names:
            keys = {"weight": name, **{part: f"{part}/{name}" for part in STATE[1:]}}
            optimizer.write(name, {part: where[key].get_tensor(key) for part, key in keys.items()})
        optimizer.rewind(int(where["steps"].get_tensor("steps")))


@contextmanager
def _opened(folder: Path) -> Iterator[dict[str, Any]]:
    """The open file of each tensor: tensors are read when they are asked for."""
    from safetensors import safe_open

    with ExitStack() as stack:
        files = [p for kind in FILES for p in sorted(folder.glob(f"{kind}-*.safetensors"))]
        opened = [stack.enter_context(safe_open(p, "pt")) for p in files]
        yield {key: file for file in opened for key in file.keys()}  # noqa: SIM118


def _file(kind: str, rank: int, size: int) -> str:
    return f"{kind}-{rank + 1:05d}-of-{size:05d}.safetensors"
