"""One optimizer step of raif, compared with a plain loop over the same tokens in the same micro-batches.

    python benchmarks/update_speed.py             # packaged:smollm2-135m, 16 responses of 128 tokens, CPU
    python benchmarks/update_speed.py --device cuda --micro 16
    python benchmarks/update_speed.py --group 8   # each prompt has eight responses
    python benchmarks/update_speed.py --profile   # where raif's step spends its time

The plain loop is what the arithmetic needs: forward, log-softmax over the response, backward, and AdamW's
step on float32 master weights. raif's step also has the entropy, the metrics, logits in chunks, and the
rounding of the master weights into the net. Both take turns, so that they share whatever else the machine
does; the figures are medians over the rounds after the first.
"""

from __future__ import annotations

import argparse
import random
import time
from collections.abc import Callable, Sequence
from statistics import median
from typing import Any

import torch

from raif.config.train import TrainConfig
from raif.train.learner import Learner
from raif.train.logps import Sample, bucketed

PROMPT = 48
"""Tokens of a prompt."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", default="packaged:smollm2-135m")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--dtype", default="bfloat16")
    parser.add_argument("--responses", type=int, default=16)
    parser.add_argument("--tokens", type=int, default=128)
    parser.add_argument("--group", type=int, default=1, help="responses to each prompt")
    parser.add_argument("--micro", type=int, nargs="+", default=[4, 8, 16])
    parser.add_argument("--rounds", type=int, default=4)
    parser.add_argument("--profile", action="store_true")
    options = parser.parse_args()
    samples = drawn(options.responses, options.group, options.tokens)
    print("| micro-batch | plain loop, s | raif, s | overhead |\n|---|---|---|---|")
    for micro in options.micro:
        learner = Learner(config(options, micro))
        plain = PlainLoop(learner, micro)
        steps: tuple[Callable[[Sequence[Sample]], Any], ...] = (
            plain.step,
            lambda s, learner=learner: learner.update(s, [[] for _ in s], [], 1e-6, fresh=True),
        )
        if options.profile:
            steps[1](samples)
            with torch.profiler.profile() as profile:
                steps[1](samples)
            print(profile.key_averages().table(sort_by="self_cpu_time_total", row_limit=25))
            continue
        rounds = [[timed(step, samples) for step in steps] for _ in range(options.rounds + 1)][1:]
        base, ours = (median(times) for times in zip(*rounds, strict=True))
        print(f"| {micro} | {base:.2f} | {ours:.2f} | {ours / base - 1:+.0%} |", flush=True)


def drawn(responses: int, group: int, tokens: int) -> list[Sample]:
    """Random responses of equal length, `group` to each random prompt."""
    rng = random.Random(0)

    def ids(count: int) -> list[int]:
        return [rng.randrange(100, 40_000) for _ in range(count)]

    prompts = [ids(PROMPT) for _ in range(responses // group)]
    return [
        Sample(prompts[n // group], ids(tokens), [-10.0] * tokens, rng.choice([-1.0, 1.0]), True)
        for n in range(responses)
    ]


def config(options: argparse.Namespace, micro: int) -> TrainConfig:
    return TrainConfig.model_validate(
        {
            "model": {
                "path": options.model,
                "device": options.device,
                "compute": options.dtype,
                "gradient_checkpointing": False,
            },
            "rollout": {"prompts": options.responses, "group_size": 4, "max_new_tokens": options.tokens},
            "loss": {"kl": 0, "cloning": 0},
            "optimizer": {"batch": options.responses, "micro_batch": micro},
        }
    )


class PlainLoop:
    """The same net with master weights of its own."""

    def __init__(self, learner: Learner, micro: int) -> None:
        self.net, self.device, self.micro = learner.policy.net, learner.policy.device, micro
        self.learner = learner
        self.masters = [p.detach().float().requires_grad_() for p in self.net.parameters()]
        self.adamw = torch.optim.AdamW(self.masters, lr=1e-6, fused=True)

    def step(self, samples: Sequence[Sample]) -> None:
        self.net.train()
        for positions in bucketed(samples, self.micro):
            chosen = [samples[i] for i in positions]
            ids = torch.tensor([s.prompt_ids + s.ids for s in chosen], device=self.device)
            logits = self.net(input_ids=ids, use_cache=False, logits_to_keep=len(chosen[0].ids) + 1).logits
            logps = logits[:, :-1].float().log_softmax(-1).gather(2, ids[:, PROMPT:, None]).squeeze(2)
            advantages = torch.tensor([s.advantage for s in chosen], device=self.device)
            (-(logps.mean(1) * advantages).sum() / len(samples)).backward()
        # raif's hooks have already added the gradients to its own master weights
        theirs = self.learner.optimizer.master.weights.values()  # type: ignore[attr-defined]
        for mine, theirs_one in zip(self.masters, theirs, strict=True):
            mine.grad, theirs_one.grad = theirs_one.grad, None
        torch.nn.utils.clip_grad_norm_(self.masters, 1.0)
        self.adamw.step()
        self.adamw.zero_grad(set_to_none=True)


def timed(step: Callable[[Sequence[Sample]], Any], samples: Sequence[Sample]) -> float:
    start = time.perf_counter()
    step(samples)
    if torch.cuda.is_available():
        torch.cuda.synchronize()
    return time.perf_counter() - start


if __name__ == "__main__":
    main()
