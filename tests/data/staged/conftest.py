"""Small inputs of every layout, and a folder of benchmarks with a text of each kind."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("rensa", reason="needs raif[data]")

Write = Callable[[str, Iterable[Any]], Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Writes objects as JSON Lines under the test's folder."""

    def lines(name: str, rows: Iterable[Any]) -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), "utf-8")
        return path

    return lines


@pytest.fixture
def benchmarks(write: Write, tmp_path: Path) -> Path:
    """IFEval with a long and a short English prompt, CFBench with a Chinese one."""
    write(
        "benchmarks/ifeval/input_data.jsonl",
        [
            {
                "key": 7,
                "prompt": "Write a detailed letter to the mayor of a small town about the old wooden bridge "
                "that has been closed for repairs since the flood of last spring.",
            },
            {"key": 8, "prompt": "Is the moon made of cheese, and who said so first?"},
            {"key": 9, "prompt": "Sing a song."},
        ],
    )
    folder = tmp_path / "benchmarks" / "cfbench"
    folder.mkdir()
    item = {"idx": 3, "prompt": "请以一位退休船长的口吻写一段关于台风之夜守护灯塔的回忆，并在结尾点明时间。"}
    (folder / "cfbench_data.json").write_text(json.dumps([item], ensure_ascii=False), "utf-8")
    return tmp_path / "benchmarks"
