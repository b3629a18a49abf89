"""The paper's reward of one response, through the rewards that are the config's default."""

from __future__ import annotations

from raif.config.train import PAPER_REWARDS
from raif.reasoning import split
from raif.types import Instruction, Reward
from raif.verdicts.checks import verify
from raif.verdicts.reward import Attempt, Rewards


def paper_reward(instruction: Instruction, text: str, *, thinking: bool = True) -> Reward | None:
    response = split(text, "tagged")
    attempt = Attempt(
        instruction,
        text,
        response.thinking,
        response.answer,
        response.format_valid,
        False,
        len(text),
        verify(instruction, response.answer or ""),
        thinking,
    )
    (found,) = Rewards.of(PAPER_REWARDS, limit=10_000, window=0).of_group([attempt])
    return found if isinstance(found, Reward) else None
