"""How a checkpoint is run in this process, where no server is given; for every command that can."""

from __future__ import annotations

from typing import Literal

from pydantic import PositiveInt

from raif.config.section import Section


class LocalConfig(Section):
    compute: Literal["bfloat16", "float32"] = "bfloat16"
    """Precision of weights and matrix products."""
    device: Literal["auto", "cpu", "cuda"] = "auto"
    """auto: a GPU where there is one."""
    batch: PositiveInt = 16
    """Prompts that are answered, and whose answers are kept, together."""
