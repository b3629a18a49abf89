"""Verdicts + format -> reward in [-3, 3] (recipe section 3). The same verdicts score benchmarks."""

from __future__ import annotations

from raif.reasoning import PLACEHOLDER, Response
from raif.types import SOLVED, Instruction, Reward, Verification
from raif.verdicts.solution import readable

FULL, NONE = 2.0, -2.0
WRONG_SOLUTION = -1.5


def reward(
    instruction: Instruction, response: Response, verification: Verification, *, thinking: bool
) -> Reward | None:
    """The reward of one response. None if its answer could not be judged.

    `thinking` says that the response was free to think. A plain one need not: otherwise every plain response
    would get the lowest accuracy, and superior-CoT would have nothing to compare with.
    """
    valid = response.format_valid or not instruction.format_required
    format_reward = 1.0 if valid else -1.0
    if instruction.task in SOLVED:
        right = verification.verdicts[-1].passed  # the verdict on the solution comes last
        wrong = WRONG_SOLUTION if readable(instruction, response.answer or "") else NONE
        accuracy = None if right is None else FULL if right else wrong
    elif unusable(instruction, response, thinking=thinking):
        accuracy = NONE
    else:
        fraction = verification.fraction
        accuracy = None if fraction is None else {1.0: FULL, 0.0: NONE}.get(fraction, fraction)
    return None if accuracy is None else Reward(format_reward, accuracy)


def unusable(instruction: Instruction, response: Response, *, thinking: bool) -> bool:
    """Whether the accuracy is the lowest, whatever the verdicts on constraints and questions are."""
    valid = response.format_valid or not instruction.format_required
    unthinking = response.thinking.strip() in ("", PLACEHOLDER)
    return not valid or not response.answer or (thinking and unthinking)


def overlong(tokens: int, *, limit: int, window: int) -> float:
    """DAPO's soft punishment (arXiv 2503.14476): from 0 to -1 over the last `window` of `limit` tokens."""
    return -max(0, tokens - (limit - window)) / window if window else 0.0
