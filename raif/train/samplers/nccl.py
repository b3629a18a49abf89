"""Weights to servers on other GPUs through vLLM's own NCCL back-end. UNTESTED: it has not run on GPUs yet.

In a module of its own because it subclasses vLLM's classes, so vLLM (0.32 was seen) has to be installed.
"""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Iterator, Sequence
from multiprocessing.pool import ThreadPool
from typing import Any

import torch
from torch import Tensor
from vllm.distributed.weight_transfer import ParamMeta, WeightSource, WeightTransferTrainerFactory
from vllm.distributed.weight_transfer.nccl_engine import NCCLTrainerInitInfo

from raif.errors import EndpointError
from raif.train.samplers.http import Fleet, Server
from raif.train.samplers.transfer import Weights

_AGAIN = "Restart the rollout servers, then resume the run with --resume."


class NcclTransfer:
    """One NCCL group of the trainer and all workers of all servers, which meet at `address`."""

    def __init__(self, weights: Weights, address: str, device: torch.device, *, timeout: float) -> None:
        self._weights, self._address, self._timeout = weights, address, timeout
        self._device = device
        self._fleet: Fleet | None = None
        self._engine: Any = None

    def send(self, servers: Sequence[Server], version: str) -> None:
        if self._fleet is None:
            self._fleet = Fleet(servers, timeout=self._timeout)
            _within(self._timeout, "joining the servers' NCCL group", self._connect)
        self._fleet.version = version
        _within(self._timeout, "sending the weights through NCCL", self._engine.send_weights)

    def restore(self, server: Server, version: str) -> None:
        raise EndpointError(
            f"{server.url} was restarted: it can't join an NCCL group that already exists", _AGAIN
        )

    def _connect(self) -> None:
        assert self._fleet
        host, _, port = self._address.rpartition(":")
        info = NCCLTrainerInitInfo(host, int(port), world_size=1 + self._fleet.workers(), rank=0)
        self._engine = WeightTransferTrainerFactory.trainer_init(
            info, client=self._fleet, source=_Source(self._weights, self._device)
        )


class _Source(WeightSource):
    def __init__(self, weights: Weights, device: torch.device) -> None:
        self._weights, self._device = weights, device

    def metadata(self) -> list[ParamMeta]:
        return [ParamMeta(name, t.dtype, tuple(t.shape)) for name, t in self._weights().items()]

    def __iter__(self) -> Iterator[tuple[str, Tensor]]:
        """One after another on the GPU: those of a sharded policy are gathered in the machine's memory."""
        return ((name, tensor.to(self._device)) for name, tensor in self._weights().items())


def _within(timeout: float, what: str, do: Callable[[], None]) -> None:
    """Runs `do` in a thread that can be abandoned: NCCL waits forever for a lost peer."""
    try:
        ThreadPool(1).apply_async(do).get(timeout)
    except multiprocessing.TimeoutError:
        raise EndpointError(f"{what} took more than {timeout:g} seconds", _AGAIN) from None
