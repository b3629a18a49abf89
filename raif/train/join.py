"""Joining the other processes of a run, and saying so when one of them is lost."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Never

import torch
import torch.distributed as dist

from raif.config.train import TrainConfig
from raif.errors import RaifError, require
from raif.models.load import pick_device
from raif.train.launch import Launch
from raif.train.ranks import ALONE, Ranks

RESUME = (
    "What that rank itself said stands above or in its log. The checkpoints are whole: the same command "
    "with --resume goes on from the newest, on as many ranks as you like."
)


@contextmanager
def joined(config: TrainConfig, launch: Launch) -> Iterator[Ranks]:
    """The ranks of the run, connected. Raises RaifError where one of them ends before its time."""
    if not config.distributed.zero:
        yield ALONE
        return
    require("deepspeed", extra="deepspeed")
    _connect(config, launch)
    if launch.size > 1:
        signal.signal(signal.SIGTERM, _stopped)
    try:
        yield Ranks(launch)
    except RuntimeError as error:
        if launch.size == 1 or not _of_connection(error):
            raise
        raise RaifError(f"rank {launch.rank} lost another rank of the run: {error}", RESUME) from error
    dist.destroy_process_group()


def _connect(config: TrainConfig, launch: Launch) -> None:
    on_cpu = pick_device(config.model.device).type == "cpu"
    if on_cpu:
        os.environ["DS_ACCELERATOR"] = "cpu"  # DeepSpeed would take a GPU where there is one
    else:
        torch.cuda.set_device(launch.local)
    backend = "gloo" if on_cpu else "nccl"
    dist.init_process_group(
        backend,
        store=None if launch.size > 1 else dist.HashStore(),  # type: ignore[attr-defined]
        rank=launch.rank,
        world_size=launch.size,
        timeout=timedelta(minutes=config.distributed.timeout),
    )
    os.environ.setdefault("LOCAL_RANK", str(launch.local))  # DeepSpeed asks for it even without a launcher
    import deepspeed

    deepspeed.init_distributed(backend, auto_mpi_discovery=False, verbose=False)


def _stopped(number: int, frame: object) -> Never:
    """torchrun ends the ranks that are left this way; without a word, the user would see a bare signal."""
    raise RaifError("the launcher stopped this rank (SIGTERM), most often because another rank ended", RESUME)


def _of_connection(error: RuntimeError) -> bool:
    """gloo's errors have no class of their own."""
    return isinstance(error, dist.DistError) or "gloo" in str(error).lower()
