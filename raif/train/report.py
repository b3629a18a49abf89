"""The table of before and after, kept as report.json with each answer beside it."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from raif.files.whole import write_whole
from raif.stats import Interval
from raif.train.heldout import Answer, Row, row


class Report:
    """Rows by name, each written as soon as it is known; a resumed run keeps the rows that it has.

    Of several ranks all know the rows, and one `writes` them.
    """

    def __init__(self, folder: Path, *, writes: bool = True) -> None:
        self._writes = writes
        self._file, self._answers = folder / "report.json", folder / "heldout"
        stored = json.loads(self._file.read_text("utf-8")) if self._file.exists() else {}
        self.rows: dict[str, Row] = {r["name"]: _row(r) for r in stored.get("rows", [])}
        self.facts: dict[str, Any] = stored.get("facts", {})

    def add(self, name: str, answer: Callable[[], Sequence[Answer]]) -> None:
        """Add the row `name`, asking for its answers only if the report lacks it."""
        if name in self.rows:
            return
        answers = answer()
        self.rows[name] = row(name, answers)
        if self._writes:
            self._write_answers(name, answers)
        self._write()

    def _write_answers(self, name: str, answers: Sequence[Answer]) -> None:
        self._answers.mkdir(exist_ok=True)
        lines = [json.dumps(_answer(a), ensure_ascii=False) + "\n" for a in answers]
        write_whole(self._answers / f"{name.replace(' ', '-')}.jsonl", "".join(lines))

    def note(self, **facts: Any) -> None:
        """Keep facts of the run beside the rows."""
        self.facts.update(facts)
        self._write()

    def _write(self) -> None:
        if not self._writes:
            return
        content = {"facts": self.facts, "rows": [asdict(r) for r in self.rows.values()]}
        write_whole(self._file, json.dumps(content, indent=1))

    def gain(self, before: str, after: str) -> float | None:
        """By how much the share of constraints followed (strict) rose."""
        ends = [self.rows[name].constraints if name in self.rows else None for name in (before, after)]
        return ends[1].value - ends[0].value if ends[0] and ends[1] else None


def _row(stored: dict[str, Any]) -> Row:
    intervals = ("constraints", "constraints_loose", "followed", "followed_loose")
    fields: dict[str, Any] = {k: Interval(**v) if k in intervals and v else v for k, v in stored.items()}
    return Row(**fields)


def _answer(answer: Answer) -> dict[str, Any]:
    return {
        "id": answer.instruction.id,
        "prompt": answer.instruction.prompt,
        "thinking": answer.response.thinking,
        "answer": answer.response.answer,
        "format_valid": answer.response.format_valid,
        "truncated": answer.truncated,
        "fluency": answer.fluency,
        "verdicts": [asdict(v) for v in answer.verification.verdicts],
    }
