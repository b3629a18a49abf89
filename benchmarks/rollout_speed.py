"""Compares tokens per second of vLLM in this process with raif's own sampler, in one run.

    python benchmarks/rollout_speed.py                       # 48 responses of 144 tokens, bfloat16
    python benchmarks/rollout_speed.py --url http://127.0.0.1:8000   # and a rollout server

Both sample with the same weights, prompts and seeds. End tokens are ignored, so all responses have the same
length. Each sampler warms up once. Needs vLLM (docs/vllm.md).
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from raif.config.train import TrainConfig
from raif.models.chat import Chat
from raif.models.load import Model
from raif.train.learner import Learner
from raif.train.logps import Sample, score
from raif.train.samplers.choose import choose_sampler
from raif.train.samplers.sampler import Sampler, mean_difference
from raif.types import Message

QUESTION = "Write two sentences about the number {}. Use no comma, and end with the word done."


def config(options: argparse.Namespace, engine: str) -> TrainConfig:
    return TrainConfig.model_validate(
        {
            "model": {"path": options.model, "compute": options.dtype},
            "data": {"max_prompt_tokens": 256},
            "rollout": {
                "prompts": options.prompts,
                "max_new_tokens": options.tokens,
                "engine": engine,
                "vllm": {"urls": [options.url] if options.url else [], "kv_cache_gib": 1},
            },
            "optimizer": {"batch": 8 * options.prompts},
        }
    )


def measure(sampler: Sampler, prompts: Sequence[list[int]], policy: Model, rounds: int) -> Iterator[str]:
    """The best and the median of `rounds`, the seconds of a sync, and the distance to the trainer."""
    began = time.perf_counter()
    sampler.sync()
    synced = time.perf_counter() - began
    rates = []
    for seed in range(rounds + 1):
        began = time.perf_counter()
        sampled = sampler.sample(prompts, [8] * len(prompts), seed=seed)
        rates.append(sum(len(c.ids) for cs in sampled for c in cs) / (time.perf_counter() - began))
    samples = [Sample(p, c.ids, c.logps) for p, cs in zip(prompts, sampled, strict=True) for c in cs[:1]]
    ranked = sorted(rates[1:])
    yield f"{ranked[-1]:7.0f} tok/s best  {ranked[len(ranked) // 2]:7.0f} median  sync {synced:.2f} s"
    yield f"  log-probabilities off by {mean_difference(samples, score(policy, samples, size=4)):.4f} a token"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", default="packaged:smollm2-135m")
    parser.add_argument("--dtype", default="bfloat16")
    parser.add_argument("--prompts", type=int, default=6)
    parser.add_argument("--tokens", type=int, default=144)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--url", help="of a rollout server")
    parser.add_argument("--engines", nargs="*", default=["transformers", "vllm"])
    options = parser.parse_args()
    learner = Learner(config(options, "transformers"))
    policy = learner.policy
    chat = Chat(policy.tokenizer, "tagged")
    prompts = [
        chat.prompt([Message(role="user", content=QUESTION.format(n))], "thinking")
        for n in range(options.prompts)
    ]
    policy.net.generation_config.eos_token_id = policy.tokenizer.eos_token_id = None
    for engine in [*options.engines, *(["vllm_server"] if options.url else [])]:
        with tempfile.TemporaryDirectory() as folder:
            sampler = choose_sampler(config(options, engine), learner, Path(folder), print)
            print(f"{engine:13}", *measure(sampler, prompts, policy, options.rounds), sep="", flush=True)


if __name__ == "__main__":
    main()
