"""The config of `raif serve`."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import Field, PositiveFloat

from raif.config.section import Section


class ServeConfig(Section):
    model: Path
    """Folder of the checkpoint: config.json, weights, tokenizer and chat template."""
    backend: Literal["transformers"] = "transformers"
    """Which server runs the model; transformers: the one that ships with it, one request at a time."""
    host: str = "127.0.0.1"
    """Address to listen on; 0.0.0.0 opens the server to the network, without any key."""
    port: int = Field(default=8000, ge=0, le=65535)
    """0: any free one."""
    dtype: Literal["auto", "bfloat16", "float32"] = "auto"
    """Precision of the weights; auto: the one they are stored in."""
    device: Literal["auto", "cpu", "cuda"] = "auto"
    """auto: a GPU where there is one."""
    startup_timeout: PositiveFloat = 600.0
    """Seconds that loading the model may take."""
