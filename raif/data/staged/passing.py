"""Whether an answer passes its record's checks: by code, and only then by a judge, who is paid."""

from __future__ import annotations

import asyncio

from raif.judge.judge import Judge
from raif.types import Instruction, Verification
from raif.verdicts.checks import begin, verify


async def verified(record: Instruction, answer: str, judge: Judge | None) -> Verification:
    """The strict verdicts. The judge is asked nothing about an answer that fails by code already."""
    found = verify(record, answer, loose=False)
    if judge is None or found.followed is not None:
        return found
    return await asyncio.wrap_future(begin(record, answer, judge=judge))
