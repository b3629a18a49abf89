"""The policy's own responses as experts: those with full marks, and failed ones in hindsight, if relevant."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence

from raif.config.train import CloningConfig
from raif.train.groups import Group
from raif.train.hindsight import hindsight, usable
from raif.train.memory import Memory, Pool
from raif.train.relevance import Gate
from raif.types import Expert, Instruction


def own_shares(config: CloningConfig) -> dict[Pool, float]:
    """The share of a cloning batch that comes from each pool in use."""
    shares: dict[Pool, float] = {"successes": config.successes, "hindsight": config.hindsight}
    return {pool: share for pool, share in shares.items() if share}


def own_pairs(
    groups: Sequence[Group], config: CloningConfig, memory: Memory, gate: Gate | None, seed: str
) -> Mapping[Pool, list[Instruction]]:
    """New pairs for each pool in use, at most one of a group; `gate` says which are relevant."""
    found: dict[Pool, list[Instruction]] = {}
    shares = own_shares(config)
    if "successes" in shares:
        found["successes"] = successes(groups, seed)
    if "hindsight" in shares:
        kinds = {each.id for group in groups for each in group.instruction.constraints}
        kinds |= {kind for kind in memory.kinds["thinking"] if kind != "question"}
        found["hindsight"] = hindsight(groups, sorted(kinds), seed)
    return {pool: _relevant(pairs, gate) for pool, pairs in found.items()}


def successes(groups: Sequence[Group], seed: str) -> list[Instruction]:
    """Of each group one of its thinking responses with full marks, if there are any."""
    pairs = []
    for number, group in enumerate(groups):
        full = [r for r in group.rollouts if r.verification.followed and usable(group.instruction, r)]
        if full:
            chosen = random.Random(f"{seed}/{number}").choice(full)
            expert = Expert(thinking=chosen.response.thinking, answer=chosen.response.answer or "")
            pairs.append(group.instruction.model_copy(update={"expert": expert}))
    return pairs


def _relevant(pairs: Sequence[Instruction], gate: Gate | None) -> list[Instruction]:
    answered = [(pair, pair.expert.answer) for pair in pairs if pair.expert]
    if gate is None or not answered:
        return list(pairs)
    return [pair for pair, found in zip(pairs, gate(answered), strict=True) if found.relevant]
