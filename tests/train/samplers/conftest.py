"""For the samplers' tests: a policy that has learned something, and its log-probabilities."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

import pytest
import torch

from raif.models.decode import Completion
from raif.models.load import Model, load
from raif.train.logps import Sample, score
from tests import tiny as tiny_model

NEEDS_VLLM = pytest.mark.skipif(not find_spec("vllm"), reason="vLLM is not installed (docs/vllm.md)")


@pytest.fixture(scope="session")
def wide_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tiny model, with attention heads that vLLM supports."""
    return tiny_model.make(tmp_path_factory.mktemp("wide"), hidden_size=128)


def move(model: Model, seed: int = 1) -> None:
    """Change all weights so much that log-probabilities show it."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for weight in model.net.parameters():
            weight += 0.05 * torch.randn(weight.shape, generator=generator)


def largest_difference(
    model: Model,
    prompts: Sequence[list[int]],
    sampled: Sequence[Sequence[Completion]],
    temperature: float = 1.0,
) -> float:
    """Between the sampler's log-probabilities and the trainer's."""
    samples = [Sample(p, c.ids, c.logps) for p, cs in zip(prompts, sampled, strict=True) for c in cs]
    own = score(model, samples, size=4, temperature=temperature)
    return max(
        abs(a - b) for s, row in zip(samples, own, strict=True) for a, b in zip(s.old_logps, row, strict=True)
    )


def policy_of(folder: Path) -> Model:
    return load(str(folder), dtype=torch.float32, device="cpu")
