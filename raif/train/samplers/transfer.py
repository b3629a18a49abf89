"""The trainer's side of a weight update: through a disk that the servers see too (NCCL's is in `nccl`)."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Protocol

from torch import Tensor

from raif.models.load import writing
from raif.train.samplers.http import Fleet, Server

Weights = Callable[[], Mapping[str, Tensor]]
"""Returns the policy's weights as they are now, under their names in the model's folder, each tensor once."""


class Transfer(Protocol):
    """Brings the policy's weights to servers."""

    def send(self, servers: Sequence[Server], version: str) -> None:
        """When this returns, all servers have the policy's weights, and call them `version`."""
        ...

    def restore(self, server: Server, version: str) -> None:
        """Give the weights that were sent last to a server that was restarted."""
        ...


class DiskTransfer:
    """Writes a safetensors file, which each server's `raif_disk` back-end reads."""

    def __init__(self, weights: Weights, folder: Path, *, timeout: float) -> None:
        self._weights, self._folder, self._timeout = weights, folder.resolve(), timeout

    def send(self, servers: Sequence[Server], version: str) -> None:
        write_weights(self._weights(), self._file(version))
        self._read(servers, version)
        for old in self._folder.glob("weights-*.safetensors"):
            if old != self._file(version):
                old.unlink()

    def restore(self, server: Server, version: str) -> None:
        self._read([server], version)

    def _read(self, servers: Sequence[Server], version: str) -> None:
        fleet = Fleet(servers, timeout=self._timeout)
        fleet.version = version
        fleet.init_weight_transfer_engine({})
        fleet.start_weight_update()
        fleet.update_weights({"file": str(self._file(version))})
        fleet.finish_weight_update()

    def _file(self, version: str) -> Path:
        return self._folder / f"weights-{version}.safetensors"


def write_weights(weights: Mapping[str, Tensor], file: Path) -> None:
    """Write a safetensors file atomically."""
    from safetensors.torch import save_file

    unfinished = file.with_suffix(".unfinished")
    with writing(file):
        file.parent.mkdir(parents=True, exist_ok=True)
        save_file({name: tensor.contiguous() for name, tensor in weights.items()}, unfinished)
        os.replace(unfinished, file)
