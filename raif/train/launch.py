"""Which of how many processes this is, as torchrun or the deepspeed launcher says. Known without torch."""

from __future__ import annotations

import atexit
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from typing import NoReturn

from raif.config.train import TrainConfig
from raif.errors import ConfigError

connected = False
"""Whether this process has joined others through DeepSpeed. It then ends by `leave`."""


@dataclass(frozen=True, slots=True)
class Launch:
    """Process `rank` of `size`, number `local` on its machine. Rank 0 writes the run's folder."""

    rank: int = 0
    size: int = 1
    local: int = 0

    @classmethod
    def of(cls, environment: Mapping[str, str] = os.environ) -> Launch:
        """What the launcher has set; one process if there is no launcher."""
        defaults = {"RANK": 0, "WORLD_SIZE": 1, "LOCAL_RANK": 0}
        return cls(*(int(environment.get(name, default)) for name, default in defaults.items()))

    @property
    def first(self) -> bool:
        return self.rank == 0

    def check(self, config: TrainConfig) -> None:
        """Raise ConfigError if the ranks can't share the work evenly, or don't share it at all."""
        if self.size > 1 and not config.distributed.zero:
            raise ConfigError(
                f"{self.size} processes were started, but distributed.zero: 0 trains in one",
                "Set distributed.zero to 2 or 3, or start raif train without a launcher.",
            )
        if self.size > 1 and config.rollout.engine == "vllm" and config.method == "grpo":
            raise ConfigError(
                f"rollout.engine: vllm samples in one process, but {self.size} were started",
                "Set rollout.engine to vllm_server and start servers, or to transformers.",
            )
        grpo = config.method == "grpo"
        shared = {"rollout.prompts": config.rollout.prompts} if grpo else {}
        shared["optimizer.batch"] = config.optimizer.batch
        if grpo and config.loss.cloning:
            shared["cloning.batch"] = config.cloning.batch
        if grpo and config.cloning.warmup_steps:
            shared["cloning.warmup_batch"] = config.cloning.warmup_batch
        for key, count in shared.items():
            if count % self.size:
                raise ConfigError(
                    f"{key}: {count} is not a multiple of the {self.size} ranks, which share it evenly",
                    f"Give {-(-count // self.size) * self.size} or another multiple, or start other ranks.",
                )


def leave(code: int) -> NoReturn:
    """End a process that has trained through DeepSpeed: run the exit handlers, flush, and go at once.

    DeepSpeed keeps gloo's process groups, and so their threads stay. One of them that lets go of a tensor
    while the interpreter is taken down aborts the process, and the launcher calls a whole run a failed one.
    """
    atexit._run_exitfuncs()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)
