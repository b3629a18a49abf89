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

from raif.train.optim.engine import SLOT, Engine
from raif.train.ranks import Ranks

FILES = ("model", "optimizer")


def write_shards(folder: Path, engine: Engine, ranks: Ranks) -> None:
    """Write every trained parameter, rank r those at the positions r, r + size, ..."""
    from safetensors.torch import save_file

    weights, moments = {}, {"steps": torch.tensor(engine.steps)}
    for i, name in enumerate(engine.names):
        slot = {part: value.cpu() for part, value in engine.read(name).items()}
        if i % ranks.size == ranks.rank:
            weights[name] = slot["weight"]
            moments |= {f"{part}/{name}": slot[part] for part in SLOT[1:]}
    for kind, tensors in zip(FILES, (weights, moments), strict=True):
        save_file(tensors, folder / _file(kind, ranks.rank, ranks.size), metadata={"format": "pt"})
    if ranks.first:
        files = {name: _file("model", i % ranks.size, ranks.size) for i, name in enumerate(engine.names)}
        index = {"metadata": {}, "weight_map": files}
        (folder / "model.safetensors.index.json").write_text(json.dumps(index))


def read_shards(folder: Path, engine: Engine) -> None:
    """Put the engine back to where it was when `folder` was written."""
    with _opened(folder) as where:
        for name in engine.names:
            keys = {"weight": name, **{part: f"{part}/{name}" for part in SLOT[1:]}}
            engine.write(name, {part: where[key].get_tensor(key) for part, key in keys.items()})
        engine.rewind(int(where["steps"].get_tensor("steps")))


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
