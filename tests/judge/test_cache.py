"""The cache under what breaks files (kill -9, many processes at once), and from one version to the next."""

from __future__ import annotations

import signal
import sqlite3
import subprocess
import sys
import threading
from pathlib import Path

from raif.config.judge import JudgeConfig
from raif.judge.judge import Cache, Judge
from raif.judge.judgment import JudgeItem, Judgment

PUT_THEN_DIE = """
import os, signal, sys
from pathlib import Path
from raif.judge.judge import Cache
from raif.judge.judgment import Judgment
cache = Cache(Path(sys.argv[1]))
for n in range(50):
    cache.put(str(n), Judgment(n % 2 == 0, "why", n / 2))
os.kill(os.getpid(), signal.SIGKILL)
"""
PUT_AND_GET = """
import sys
from pathlib import Path
from raif.judge.judge import Cache
from raif.judge.judgment import Judgment
cache = Cache(Path(sys.argv[1]))
for n in range(200):
    cache.put(f"{sys.argv[2]} {n}", Judgment(True, sys.argv[2]))
    cache.put(f"shared {n}", Judgment(True, "shared"))
    assert cache.get(f"{sys.argv[2]} {n}")
"""


def test_kill_9_loses_nothing_that_was_put(tmp_path: Path) -> None:
    died = subprocess.run([sys.executable, "-c", PUT_THEN_DIE, str(tmp_path / "c")])
    assert died.returncode == -signal.SIGKILL
    cache = Cache(tmp_path / "c")
    assert [cache.get(str(n)) for n in range(50)] == [Judgment(n % 2 == 0, "why", n / 2) for n in range(50)]


def test_processes_that_start_and_write_at_once_lose_nothing(tmp_path: Path) -> None:
    command = [sys.executable, "-c", PUT_AND_GET, str(tmp_path / "c")]
    processes = [subprocess.Popen([*command, str(n)]) for n in range(4)]
    assert [process.wait() for process in processes] == [0, 0, 0, 0]
    cache = Cache(tmp_path / "c")
    assert all(cache.get(f"{name} {n}") for name in ("0", "1", "2", "3", "shared") for n in range(200))


def test_a_file_that_another_process_is_just_making_is_waited_for(tmp_path: Path) -> None:
    """SQLite gives up at once on the journal's mode while another connection means to write."""
    other = sqlite3.connect(tmp_path / "c", isolation_level=None, check_same_thread=False)
    other.execute("BEGIN IMMEDIATE")
    let_go = threading.Timer(0.3, other.execute, ("COMMIT",))
    let_go.start()
    cache = Cache(tmp_path / "c")
    let_go.join()
    cache.put("a", Judgment(True, "kept"))
    assert cache.get("a") == Judgment(True, "kept")


def test_a_cache_of_an_earlier_version_is_used(tmp_path: Path) -> None:
    """Its table, and the keys of the shipped prompts, as they have always been; there is no server to ask."""
    path = tmp_path / "c.sqlite"
    with sqlite3.connect(path) as db:
        db.execute(
            "CREATE TABLE judgments"
            " (key TEXT PRIMARY KEY, passed INTEGER NOT NULL, reason TEXT NOT NULL, margin REAL)"
        )
        db.executemany(
            "INSERT INTO judgments VALUES (?, ?, 'kept', 1.5)",
            [
                ("825ed483f7041beff680d834be389a4c2d52f403716e2cf4c5e8aa80972d397c", 1),
                ("97d6245ceee27448fbc3abc43bbc63e72b0194057e432409362c5e5c4ada1ee1", 1),
            ],
        )
    nowhere = {"base_url": "http://127.0.0.1:9/v1", "retries": 0}
    with Judge(JudgeConfig.model_validate({"model": "m", "endpoint": nowhere, "cache": path})) as judge:
        items = [
            JudgeItem("Describe tea.", "Tea is warm.", "Is it short?"),
            JudgeItem("写诗", "诗", "是诗吗？", "zh-cn"),
        ]
        assert judge.ask(items) == [Judgment(True, "kept", 1.5)] * 2
