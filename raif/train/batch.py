"""Responses as padded tensors, in micro-batches of similar length."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True, slots=True)
class Sample:
    """One response to learn from. Advantage, keep, old_logps and gap mean nothing to a cloned one.

    old_logps: the sampler's; gap: by how much the policy's own were above them before it learned from the
    rollout, where that is corrected for (`raif.train.correction`).
    """

    prompt_ids: list[int]
    ids: list[int]
    old_logps: list[float]
    advantage: float = 0.0
    keep: bool = False
    gap: tuple[float, ...] = ()

    def __len__(self) -> int:
        return len(self.prompt_ids) + len(self.ids)


@dataclass(frozen=True, slots=True)
class MicroBatch:
    """B responses of at most T tokens, in sequences of at most L.

    ids: [B, L], prompt + response, padded on the right; lengths: [B], without the padding. For the
    response's tokens alone, all [B, T]: targets, mask (1.0 on real ones), sources (the position in L that
    predicts each), old_logps, gap. advantage, keep: [B].
    """

    ids: Tensor
    lengths: Tensor
    targets: Tensor
    sources: Tensor
    mask: Tensor
    old_logps: Tensor
    gap: Tensor
    advantage: Tensor
    keep: Tensor


def bucketed(samples: Sequence[Sample], size: int) -> list[list[int]]:
    """Positions in micro-batches of `size`, longest sequences together: little is padding."""
    order = sorted(range(len(samples)), key=lambda i: -len(samples[i]))
    return [order[start : start + size] for start in range(0, len(order), size)]


def packed(samples: Sequence[Sample], tokens: int) -> list[list[int]]:
    """Positions in micro-batches of at most `tokens` tokens, or one longer sample; the longest find a place
    first.
    """
    packs: list[list[int]] = []
    room: list[int] = []
    for i in sorted(range(len(samples)), key=lambda i: -len(samples[i])):
        found = next((p for p, left in enumerate(room) if len(samples[i]) <= left), len(packs))
        if found == len(packs):
            packs.append([])
            room.append(tokens)
        packs[found].append(i)
        room[found] -= len(samples[i])
    return packs


def collate(samples: Sequence[Sample], *, pad: int, device: torch.device) -> MicroBatch:
    length = max(map(len, samples))
    width = max(len(s.ids) for s in samples)

    def rows(values: list[list[float]] | list[list[int]], to: int, fill: float, dtype: torch.dtype) -> Tensor:
        return torch.tensor([[*v, *[fill] * (to - len(v))] for v in values], dtype=dtype, device=device)

    return MicroBatch(
        ids=rows([s.prompt_ids + s.ids for s in samples], length, pad, torch.long),
        lengths=torch.tensor([len(s) for s in samples], device=device),
        targets=rows([s.ids for s in samples], width, pad, torch.long),
        sources=rows([_sources(s) for s in samples], width, 0, torch.long),
        mask=rows([[1.0] * len(s.ids) for s in samples], width, 0, torch.float),
        old_logps=rows([s.old_logps for s in samples], width, 0, torch.float),
        gap=rows([list(s.gap) for s in samples], width, 0, torch.float),
        advantage=torch.tensor([s.advantage for s in samples], device=device),
        keep=torch.tensor([s.keep for s in samples], dtype=torch.float, device=device),
    )


def _sources(sample: Sample) -> list[int]:
    """A token is predicted at the position before its own."""
    first = len(sample.prompt_ids) - 1
    return list(range(first, first + len(sample.ids)))
