"""The tokens and floating-point operations of one step, and so its time: an upper bound like the memory.

Assumed: 2 operations a parameter and token forward, 4 backward, 2 more where activations are computed again;
attention's own are left out. Sampling a token at a time is slower than its operations say.
"""

from __future__ import annotations

from dataclasses import dataclass

from raif.config.train import TrainConfig
from raif.plan.memory import micro_batch
from raif.plan.shapes import Shape


@dataclass(frozen=True, slots=True)
class Cost:
    """Of one step: tokens sampled, tokens learnt from (prompts included), operations by phase."""

    sampled: int
    trained: int
    operations: dict[str, float]


def cost(c: TrainConfig, shape: Shape) -> Cost:
    """What one step of `c` costs, all ranks together."""
    passes = 8 if c.model.gradient_checkpointing else 6
    if c.method == "sft":
        trained = c.optimizer.batch * micro_batch(c)[1]
        return Cost(0, trained, {"update": passes * shape.parameters * trained})
    prompt, answer = c.data.max_prompt_tokens, c.rollout.max_new_tokens
    length, sampled = prompt + answer, c.responses * answer
    rolled = c.responses * length
    clones = c.cloning.batch * (c.responses // c.optimizer.batch) if c.loss.cloning else 0
    operations: dict[str, float] = {
        "rollout": 2 * shape.parameters * (sampled + c.rollout.prompts * (1 + c.contrast) * prompt),
        "reference": 2 * shape.parameters * rolled if c.loss.kl else 0,
        "update": passes * shape.parameters * (rolled + clones * length),
    }
    return Cost(sampled, rolled + clones * length, operations)
