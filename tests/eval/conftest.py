from __future__ import annotations

import json
from pathlib import Path

import pytest

ITEMS = [
    {
        "key": n,
        "prompt": f"Question {n}, without commas.",
        "instruction_id_list": ["punctuation:no_comma"],
        "kwargs": [{}],
    }
    for n in range(10)
]


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Ten items: number n asks for an answer without commas."""
    path = tmp_path / "input_data.jsonl"
    path.write_text("".join(json.dumps(item) + "\n" for item in ITEMS), "utf-8")
    return path
