"""Which of how many processes this is, as torchrun or the deepspeed launcher says; known without torch."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass

from raif.config.train import TrainConfig
from raif.errors import ConfigError


@dataclass(frozen=True, slots=True)
class Launch:
    """Process `rank` of `size`, on its machine the `local` one. Rank 0 writes the run's folder."""

    rank: int = 0
    size: int = 1
    local: int = 0

    @classmethod
    def of(cls, environment: Mapping[str, str] = os.environ) -> Launch:
        """What the launcher has set; one process where there was none."""
        return cls(
            *(int(environment.get(k, v)) for k, v in (("RANK", 0), ("WORLD_SIZE", 1), ("LOCAL_RANK", 0)))
        )

    @property
    def first(self) -> bool:
        return self.rank == 0

    def check(self, config: TrainConfig) -> None:
        """Raise ConfigError where the ranks can't share the work evenly, or don't share it at all."""
        if self.size > 1 and not config.distributed.zero:
            raise ConfigError(
                f"{self.size} processes were started, but distributed.zero: 0 trains in one",
                "Set distributed.zero to 2 or 3, or start raif train without a launcher.",
            )
        if self.size > 1 and config.rollout.engine == "vllm" and config.method == "grpo":
            raise ConfigError(
                f"rollout.engine: vllm samples in the trainer's process, of which {self.size} were started",
                "Set rollout.engine to vllm_server and start servers, or to transformers.",
            )
        for key, count in _shared(config).items():
            if count % self.size:
                raise ConfigError(
                    f"{key}: {count} is not a multiple of the {self.size} ranks, which share it evenly",
                    f"Give {-(-count // self.size) * self.size} or another multiple, or start other ranks.",
                )


def _shared(c: TrainConfig) -> dict[str, int]:
    """What is divided among the ranks at each step."""
    if c.method == "sft":
        return {"optimizer.batch": c.optimizer.batch}
    clones = {"cloning.batch": c.cloning.batch} if c.loss.cloning or c.cloning.warmup_steps else {}
    return {"rollout.prompts": c.rollout.prompts, "optimizer.batch": c.optimizer.batch, **clones}
