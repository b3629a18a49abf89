"""The processes of a run. All take the same steps with the same objects, and share what costs time.

Every rank knows every group and every sample, and computes its part of them. So counts are global without
being added up, decisions are the same everywhere, and one process is simply the case of one rank.
"""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import timedelta
from typing import TypeVar

import torch
import torch.distributed as dist

from raif.config.train import TrainConfig
from raif.errors import RaifError, require
from raif.models.load import pick_device
from raif.train import launch as process
from raif.train.launch import Launch

T = TypeVar("T")
U = TypeVar("U")

RESUME = (
    "What that rank itself reported is above or in its log. The checkpoints are whole: the same command with "
    "--resume continues from the newest, on any number of ranks."
)


class Ranks:
    """This process among the others. If it is alone, nothing is sent."""

    def __init__(self, launch: Launch | None = None) -> None:
        launch = launch or Launch()
        self.rank, self.size, self.first = launch.rank, launch.size, launch.first
        # objects travel over gloo: over NCCL they would go through the GPU's memory
        self._group = dist.new_group(backend="gloo") if self.size > 1 else None

    def deal(self, items: Sequence[T]) -> Iterator[tuple[T, float]]:
        """Every size-th item, this rank's, with the weight 1.

        All ranks take equally many turns, so that collectives in them meet: a rank without an item of its own
        gets another's with the weight 0.
        """
        for start in range(0, len(items), self.size):
            turn = items[start : start + self.size]
            mine = self.rank < len(turn)
            yield turn[self.rank if mine else 0], float(mine)

    def share(self, items: Sequence[T]) -> tuple[int, Sequence[T]]:
        """This rank's consecutive part of the items, and the position of its first one."""
        start, end = (len(items) * r // self.size for r in (self.rank, self.rank + 1))
        return start, items[start:end]

    def together(self, items: Sequence[T], work: Callable[[int, Sequence[T]], Sequence[U]]) -> list[U]:
        """The results of `work` for all items, in order. It gets what `share` returns.

        A RaifError of one rank is raised on all of them, so that they can still act together.
        """
        start, mine = self.share(items)
        found: Sequence[U] | RaifError
        try:
            found = work(start, mine) if mine else []
        except RaifError as error:
            found = error
        together: list[U] = []
        for share in self.gather(found):
            if isinstance(share, RaifError):
                raise share
            together += share
        return together

    def gather(self, value: T) -> list[T]:
        """Every rank's value, on every rank."""
        if self.size == 1:
            return [value]
        values: list[T] = [value] * self.size
        dist.all_gather_object(values, value, group=self._group)
        return values

    def add(self, values: Mapping[str, float]) -> dict[str, float]:
        """The sums over the ranks, identical to the last bit on all of them."""
        sums: dict[str, float] = defaultdict(float)
        for each in self.gather(values):
            for name, value in each.items():
                sums[name] += value
        return dict(sums)

    def wait(self) -> None:
        """Wait until all ranks are here."""
        self.gather(None)

    @contextmanager
    def first_ahead(self) -> Iterator[None]:
        """Rank 0 goes through alone, then the others, who find what it made."""
        if not self.first:
            self.wait()
        yield
        if self.first:
            self.wait()


ALONE = Ranks()


@contextmanager
def joined(config: TrainConfig, launch: Launch) -> Iterator[Ranks]:
    """The ranks of the run, connected. Raises RaifError if one of them ends early."""
    if not config.distributed.zero:
        yield ALONE
        return
    require("deepspeed", extra="deepspeed")
    _connect(config, launch)
    try:
        yield Ranks(launch)
    except RuntimeError as error:
        if launch.size == 1 or not lost_a_rank(error):
            raise
        raise RaifError(f"rank {launch.rank} lost another rank of the run: {error}", RESUME) from error
    dist.destroy_process_group()


def lost_a_rank(error: Exception) -> bool:
    """Whether the error is another rank's end. gloo's errors have no class of their own."""
    return isinstance(error, dist.DistError) or "gloo" in str(error).lower()


def _connect(config: TrainConfig, launch: Launch) -> None:
    on_cpu = pick_device(config.model.device).type == "cpu"
    if on_cpu:
        os.environ["DS_ACCELERATOR"] = "cpu"  # DeepSpeed would take a GPU if there is one
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
    process.connected = True
