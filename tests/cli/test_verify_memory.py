"""A long stream is verified in the memory of a short one."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading

import pytest

pytestmark = pytest.mark.slow

LINE = json.dumps(
    {
        "id": "tea",
        "messages": [{"role": "user", "content": "Describe tea."}],
        "constraints": [{"id": "punctuation:no_comma"}, {"id": "detectable_format:title"}],
        "response": "<<Tea>>\n" + "Warm and brown. " * 20,
    }
).encode()


def peak_memory(lines: int) -> float:
    """Peak MiB of `raif verify -` on so many lines; checks that each line comes out."""
    command = [sys.executable, "-c", "from raif_cli.main import run; run()", "verify", "-", "--quiet"]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert process.stdin
    assert process.stdout
    feeder = threading.Thread(target=_feed, args=(process.stdin, lines))
    feeder.start()
    assert sum(b'"followed": true' in line for line in process.stdout) == lines
    feeder.join()
    _, status, usage = os.wait4(process.pid, 0)
    assert status == 0
    return usage.ru_maxrss / 1024


def _feed(stdin: object, lines: int) -> None:
    for _ in range(lines):
        stdin.write(LINE + b"\n")  # type: ignore[attr-defined]
    stdin.close()  # type: ignore[attr-defined]


def test_a_hundred_thousand_lines_take_no_more_memory_than_a_thousand() -> None:
    assert peak_memory(100_000) < peak_memory(1_000) + 20
