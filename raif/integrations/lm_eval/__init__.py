"""What the lm-eval task `raif` (raif.yaml) calls: it asks the prompts of a file and checks the answers.

    lm_eval --tasks raif --include_path FOLDER --metadata '{"file": "heldout.jsonl"}' ...

FOLDER is the one of this file. The metrics are those of lm-eval's own `ifeval`, under each row's dialect.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

from raif import records
from raif.errors import ConfigError, RecordError
from raif.reasoning import Style
from raif.types import Instruction
from raif.verdicts.checks import verify


def documents(file: str = "", think: Style | Literal["auto"] = "none", **others: Any) -> dict[str, Any]:
    """The records of `file` as the split `test`. Raises RecordError for one that can't be asked or judged.

    `think`: how thinking is marked in the answers, if lm-eval's `think_end_token` hasn't removed it.
    """
    from datasets import Dataset

    if not file:
        raise ConfigError("the task raif has no file", 'Give --metadata \'{"file": "PATH"}\'.')
    rows = (_document(record, think) for record in records.read(Path(file)))
    return {"test": Dataset.from_list(list(rows))}


def _document(record: Instruction, think: str) -> dict[str, str]:
    """A row of the data set. The record is text, because a column's objects all have the same fields."""
    if [turn.role for turn in record.messages] != ["user"]:
        raise RecordError(f"{record.id}: not a single user turn, and lm-eval asks nothing else")
    if record.questions or not record.constraints:
        raise RecordError(f"{record.id}: lm-eval has no judge, so it needs constraints and no questions")
    return {"id": record.id, "prompt": record.prompt, "think": think, "record": record.model_dump_json()}


def verdicts(doc: Mapping[str, Any], results: Sequence[str]) -> dict[str, bool | list[bool]]:
    """Each metric's value for one answer. A check that can't be judged in time isn't met."""
    record = Instruction.model_validate_json(doc["record"])
    found = verify(record, results[0], think=doc["think"])
    strict = [verdict.passed is True for verdict in found.counted]
    loose = [verdict.passed_loose is True for verdict in found.counted]
    return {
        "prompt_level_strict_acc": all(strict),
        "inst_level_strict_acc": strict,
        "prompt_level_loose_acc": all(loose),
        "inst_level_loose_acc": loose,
    }


def share(items: Iterable[Sequence[bool]]) -> float:
    """The share of all constraints that are met."""
    flat = [met for each in items for met in each]
    return sum(flat) / max(1, len(flat))
