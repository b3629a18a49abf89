"""A finished run's folder, read back."""

from __future__ import annotations

from pathlib import Path

from pydantic import TypeAdapter

from raif.errors import ConfigError, RecordError
from raif.eval.report import REPORT, RESULTS, Report, Result
from raif.eval.suite import Suite
from raif.files import jsonl

_RESULT: TypeAdapter[Result] = TypeAdapter(Result)
_REPORT: TypeAdapter[Report | Suite] = TypeAdapter(Report | Suite)


def results(folder: Path) -> list[Result]:
    """Each item's; ConfigError where there are none, RecordError at the first line that is none."""
    if not (folder / RESULTS).is_file():
        raise ConfigError(f"{folder}: no {RESULTS}", "Give the folder of a finished run of raif eval.")
    found = []
    for _, line in jsonl.lines(folder / RESULTS):
        if isinstance(line, RecordError):
            raise line
        found.append(_RESULT.validate_python(line))
    return found


def report(folder: Path) -> Report | Suite:
    """That of one benchmark, or of several."""
    return _REPORT.validate_json((folder / REPORT).read_bytes())
