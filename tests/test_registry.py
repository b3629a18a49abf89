"""Registries load what they don't know yet, once, whoever asks first."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from raif.registry import Registry

things: Registry[str] = Registry("thing", modules=("things_to_load",))
THREADS = 8
FIRST_CALLS = f"""
from threading import Barrier, Thread
from raif import verify  # the name alone: nothing of IFBench is loaded before the threads ask for it

together, said = Barrier({THREADS}), []

def ask():
    together.wait()
    try:
        said.append(verify([{{"id": "words:vowel"}}], "Ahoy").followed)
    except Exception as error:
        said.append(error)

threads = [Thread(target=ask) for _ in range({THREADS})]
for thread in threads: thread.start()
for thread in threads: thread.join()
print(said)
"""


def test_first_calls_from_many_threads_find_every_kind() -> None:
    found = subprocess.run([sys.executable, "-c", FIRST_CALLS], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == str([True] * THREADS)


def test_what_is_being_loaded_may_look_up_what_it_builds_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    things.add("base", "base")
    (tmp_path / "things_to_load.py").write_text(
        "from tests.test_registry import things\n"
        "things.add('derived', things['base'] + str('unheard of' in list(things)))\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    assert things["derived"] == "baseFalse"
    assert len(things) == 2
