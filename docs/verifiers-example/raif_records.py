"""A task set for `verifiers` 0.4: each record of a file is a task, rewarded by its constraints.

vf-eval raif-records --env.taskset.path runs/data/train.jsonl --model NAME
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import verifiers.v1 as vf

from raif import records
from raif.integrations.verifiers import task_followed


class RecordsConfig(vf.TasksetConfig):
    path: Path


class RecordData(vf.TaskData):
    """What is checked, as in a record."""

    constraints: list[dict[str, Any]]
    composition: dict[str, Any] | None
    dialect: str
    language: str


class RecordTask(vf.Task[RecordData]):
    @vf.reward
    async def followed(self, task: RecordData, trace: vf.Trace) -> float:
        return await task_followed(task, trace)


class Records(vf.Taskset[RecordTask, RecordsConfig]):
    def load(self) -> Iterator[RecordTask]:
        for record in records.read(self.config.path):
            checks = record.model_dump(include=RecordData.__annotations__.keys())
            turns = [turn.model_dump() for turn in record.messages]
            yield RecordTask(RecordData(id=record.id, prompt=turns, **checks), self.config.task)


__all__ = ["Records"]
