"""The processes of a run. All of them take the same steps with the same objects; what costs time is shared.

Every rank knows every group and every sample, and computes its part of them: so counts are global without
being added up, decisions are equal everywhere, and one process is simply the case of one rank.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TypeVar

import torch.distributed as dist

from raif.errors import RaifError
from raif.train.launch import Launch

T = TypeVar("T")
U = TypeVar("U")


class Ranks:
    """This process among the others. Without others nothing is sent."""

    def __init__(self, launch: Launch | None = None) -> None:
        launch = launch or Launch()
        self.rank, self.size, self.first = launch.rank, launch.size, launch.first
        # objects travel over gloo: over NCCL they would go through the GPU's memory
        self._group = dist.new_group(backend="gloo") if self.size > 1 else None

    def deal(self, items: Sequence[T]) -> Iterator[tuple[T, float]]:
        """Every size-th item, this rank's. All ranks have equally many turns, as collectives in them must
        meet: one without an item of its own gets another's with the weight 0.
        """
        for start in range(0, len(items), self.size):
            turn = items[start : start + self.size]
            mine = self.rank < len(turn)
            yield turn[self.rank if mine else 0], float(mine)

    def share(self, items: Sequence[T]) -> tuple[int, Sequence[T]]:
        """This rank's run of the items, and its first one's position."""
        start, end = (len(items) * r // self.size for r in (self.rank, self.rank + 1))
        return start, items[start:end]

    def together(self, items: Sequence[T], work: Callable[[int, Sequence[T]], Sequence[U]]) -> list[U]:
        """What `work` makes of all items, in order. It gets its first one's position, and its run of them.

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
        """The sums over the ranks, alike to the last bit on all of them."""
        sums: dict[str, float] = defaultdict(float)
        for each in self.gather(values):
            for name, value in each.items():
                sums[name] += value
        return dict(sums)

    def wait(self) -> None:
        """Until all ranks are here."""
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
