"""The trainer's side of a weight update: over a disk that the servers see too, or by NCCL between GPUs."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from raif.train.samplers.fleet import Fleet
from raif.train.samplers.http import Server
from raif.train.samplers.weights import Weights, write_weights


class Transfer(Protocol):
    """Brings the policy's weights to servers."""

    def send(self, servers: Sequence[Server], version: str) -> None:
        """All servers answer with the policy's weights, called `version`, when this returns."""
        ...

    def restore(self, server: Server, version: str) -> None:
        """Give the weights that were sent last to a server that was restarted."""
        ...


class DiskTransfer:
    """Writes a safetensors file; each server's `raif_disk` back-end reads it."""

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
