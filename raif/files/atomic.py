"""Files that are there whole or not at all, however a run ends."""

from __future__ import annotations

import os
from pathlib import Path


def write_whole(path: Path, text: str) -> None:
    """Write UTF-8; until all of it is written, `path` is what it was before."""
    half_made = path.with_name(f"{path.name}.part")
    half_made.write_text(text, "utf-8")
    os.replace(half_made, path)
