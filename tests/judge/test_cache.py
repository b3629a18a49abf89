"""The cache under what breaks files: kill -9, and many processes at once."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

from raif.judge.cache import Cache
from raif.judge.judgment import Judgment

PUT_THEN_DIE = """
import os, signal, sys
from pathlib import Path
from raif.judge.cache import Cache
from raif.judge.judgment import Judgment
cache = Cache(Path(sys.argv[1]))
for n in range(50):
    cache.put(str(n), Judgment(n % 2 == 0, "why", n / 2))
os.kill(os.getpid(), signal.SIGKILL)
"""
PUT_AND_GET = """
import sys
from pathlib import Path
from raif.judge.cache import Cache
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
