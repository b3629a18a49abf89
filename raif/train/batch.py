"""Responses as padded tensors, in micro-batches of similar length."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True, slots=True)
class Sample:
    """One response to learn from. Advantage, keep, old_logps and gap mean nothing to a cloned one.

    old_logps: the sampler's; gap: by how much the policy's own were above them when it was sampled, where
    that is corrected for (`raif.train.correction`).
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


def micro_batches(
    samples: Sequence[Sample], size: int, *, pad: int, device: torch.device
) -> Iterator[tuple[list[int], MicroBatch]]:
    """Micro-batches with the positions of their samples, longest sequences together: little is padding."""
    order = sorted(range(len(samples)), key=lambda i: -len(samples[i]))
    for start in range(0, len(order), size):
        chosen = order[start : start + size]
        yield chosen, collate([samples[i] for i in chosen], pad=pad, device=device)


def packed_batches(
    samples: Sequence[Sample], tokens: int, *, pad: int, device: torch.device
) -> Iterator[MicroBatch]:
    """Micro-batches of at most `tokens` tokens each, or one longer sample; the longest find a place first."""
    packs: list[list[Sample]] = []
    for sample in sorted(samples, key=len, reverse=True):
        pack = next((p for p in packs if sum(map(len, p)) + len(sample) <= tokens), None)
        if pack is None:
            packs.append(pack := [])
        pack.append(sample)
    return (collate(pack, pad=pad, device=device) for pack in packs)


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
