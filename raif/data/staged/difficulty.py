"""How hard an instruction is for the policy: the share of its own sampled answers that are right."""

from __future__ import annotations

import asyncio
from typing import NamedTuple

from raif.config.staged import DifficultyConfig
from raif.data.staged.answers import answers
from raif.data.staged.clients import Clients
from raif.data.staged.passing import verified
from raif.judge.judge import Judge
from raif.types import Expert, Instruction


class Measured(NamedTuple):
    """`right` of the `of` answers that could be judged; a cut-off or empty answer is a wrong one."""

    model: str
    right: int
    of: int
    outside: str
    """Why the instruction is not in the band; "" where it is."""


class Difficulty:
    """Asks the policy, and verifies what it says."""

    def __init__(self, config: DifficultyConfig, clients: Clients, seed: int) -> None:
        self._config, self._seed = config, seed
        self._chat = clients.chat(config.policy, config.sampling)

    async def measured(self, record: Instruction, judge: Judge | None) -> Measured:
        own = self._config
        found = await answers(self._chat, record, own.samples, own.policy.think, self._seed)
        passed = await asyncio.gather(*(self._passed(record, one, judge) for one in found))
        decided = [one for one in passed if one is not None]
        right, of = sum(decided), len(decided)
        return Measured(own.policy.model, right, of, self._outside(right, of))

    async def _passed(self, record: Instruction, answer: Expert | str, judge: Judge | None) -> bool | None:
        if isinstance(answer, str):
            return False
        return (await verified(record, answer.answer, judge)).followed

    def _outside(self, right: int, of: int) -> str:
        if not of:
            return "difficulty could not be judged"
        if right / of < self._config.at_least:
            return "too hard for the policy"
        return "too easy for the policy" if right / of > self._config.at_most else ""
