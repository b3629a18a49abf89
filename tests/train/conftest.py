"""The tiny model, loaded."""

from __future__ import annotations

from pathlib import Path

import pytest

torch = pytest.importorskip("torch", reason="needs raif[train]")

from raif.models.chat import Chat  # noqa: E402
from raif.models.load import Model, load  # noqa: E402


@pytest.fixture
def tiny(tiny_folder: Path) -> Model:
    return load(str(tiny_folder), dtype=torch.float32, device="cpu")


@pytest.fixture
def chat(tiny: Model) -> Chat:
    return Chat(tiny.tokenizer, "tagged", "Use tags.")
