"""The speed of one GRPO step on this device for a model's shape, compared with the floor of its arithmetic.

    python benchmarks/device_speed.py Qwen/Qwen2.5-0.5B-Instruct Qwen/Qwen2.5-1.5B-Instruct \
        --engines vllm transformers | tee benchmarks/results/DEVICE.md
    python benchmarks/device_speed.py packaged:smollm2-135m --device cpu --prompts 2 --tokens 128 --micro 4

The weights are random and no response can end early, so speed and memory depend only on the shape. The floor
of a phase is its operations (`raif.plan.costs`) divided by the rate that this device reaches on products of
large bfloat16 matrices, measured in the same run. MFU is the floor's share of the step. Seconds are medians
over all steps but the first. Each row runs in a process of its own; its peak memory is shown next to the
estimate of `raif train --dry-run`. Shapes are those of raif/plan/shapes.yaml. The engine vllm needs vLLM.
"""

from __future__ import annotations

import argparse
import platform
import resource
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from statistics import median
from typing import Any

import torch

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # for `tests`, and raif if it isn't installed

from train_speed import record

from raif.config.train import TrainConfig
from raif.errors import MissingDependency
from raif.models.chat import Chat
from raif.models.load import resolve
from raif.plan.costs import memory, step_cost
from raif.plan.shapes import Shape, shape_of
from raif.train.feed import Feed
from raif.train.learner import Learner
from raif.train.loop import Trainer
from raif.train.samplers.choose import choose_sampler

SIZES = {"prompts": 8, "group": 8, "tokens": 512, "micro": 8, "steps": 3}
PHASES = ("rollout", "reference", "update")
QUESTION = "Describe the number {} in the words of a child who has just learned to count."
HEAD = (
    "| shape | engine | step, s | "
    + " | ".join(f"{phase}, s (floor)" for phase in PHASES)
    + " | new tokens/s | MFU | peak, GB (planned) |\n|---|---|---|---|---|---|---|---|---|"
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("shapes", nargs="+")
    parser.add_argument("--engines", nargs="+", default=["transformers"])
    parser.add_argument("--device", default="cuda")
    for size, default in SIZES.items():
        parser.add_argument(f"--{size}", type=int, default=default)
    parser.add_argument("--row", action="store_true", help="measure here; without it a process is started")
    options = parser.parse_args()
    if options.row:
        print(measured(options.shapes[0], options.engines[0], options))
        return
    print(f"{machine(options.device)}; {versions()}\n\n{' '.join(sys.argv)}\n\n{HEAD}", flush=True)
    for shape in options.shapes:
        for engine in options.engines:
            subprocess.run([*command(options), shape, "--row", "--engines", engine], check=True)


def command(options: argparse.Namespace) -> list[str]:
    given = {name: getattr(options, name) for name in ("device", *SIZES)}
    return [sys.executable, __file__, *(f"--{name}={value}" for name, value in given.items())]


def machine(where: str) -> str:
    cpu = f"{platform.machine()}, {torch.get_num_threads()} threads"
    return torch.cuda.get_device_name() if where == "cuda" else cpu


def versions() -> str:
    return ", ".join(f"{package} {version(package)}" for package in ("torch", "transformers"))


@dataclass(frozen=True)
class Row:
    """What was measured of one shape and engine: seconds of a step and of its phases, memory in GB."""

    shape: str
    engine: str
    step: float
    phases: dict[str, float]
    floors: dict[str, float]
    sampled: int
    peak: float
    planned: float

    @property
    def mfu(self) -> float:
        return sum(self.floors.values()) / self.step

    @property
    def tokens(self) -> float:
        """New tokens a second."""
        return self.sampled / self.step

    def __str__(self) -> str:
        phases = [f"{self.phases[p]:.2f} ({self.floors[p]:.2f})" for p in PHASES]
        cells = [
            self.shape,
            self.engine,
            f"{self.step:.2f}",
            *phases,
            f"{self.tokens:.0f}",
            f"{self.mfu:.1%}",
        ]
        return f"| {' | '.join(cells)} | {self.peak:.2f} ({self.planned:.2f}) |"


def measured(name: str, engine: str, options: argparse.Namespace) -> Row:
    """A line of the table."""
    shape = shape_of(name)
    if shape is None:
        sys.exit(f"{name}: not in raif/plan/shapes.yaml")
    rate = reached(options.device)
    with tempfile.TemporaryDirectory() as folder:
        write_model(shape, Path(folder) / "model", options.device)
        if options.device == "cuda":
            torch.cuda.reset_peak_memory_stats()
        c, seconds = stepped(engine, Path(folder), options)
    spent = step_cost(c, shape)
    return Row(
        name,
        engine,
        step=median(sum(step.values()) for step in seconds),
        phases={phase: median(step[f"time_{phase}"] for step in seconds) for phase in PHASES},
        floors={phase: spent.operations[phase] / rate for phase in PHASES},
        sampled=spent.sampled,
        peak=peak(options.device),
        planned=memory(c, shape, cpu=options.device == "cpu").peak / 1e9,
    )


def reached(where: str) -> float:
    """Operations a second of bfloat16 matrix products, the best of five."""
    size = 8192 if where == "cuda" else 2048
    a, b = (torch.randn(size, size, dtype=torch.bfloat16, device=where) for _ in range(2))
    best = float("inf")
    for _ in range(5):
        start = time.perf_counter()
        for _ in range(4):
            torch.mm(a, b)
        if where == "cuda":
            torch.cuda.synchronize()
        best = min(best, time.perf_counter() - start)
    return 4 * 2 * size**3 / best


def write_model(shape: Shape, folder: Path, where: str) -> None:
    """A folder with random weights of the shape, drawn on the device, and a tokenizer."""
    from transformers import LlamaConfig, LlamaForCausalLM, Qwen2Config, Qwen2ForCausalLM

    settings, net = (Qwen2Config, Qwen2ForCausalLM) if shape.qkv_bias else (LlamaConfig, LlamaForCausalLM)
    made = settings(
        num_hidden_layers=shape.layers,
        hidden_size=shape.hidden,
        intermediate_size=shape.intermediate,
        num_attention_heads=shape.heads,
        num_key_value_heads=shape.kv_heads,
        head_dim=shape.head_dim,
        vocab_size=shape.vocabulary,
        tie_word_embeddings=shape.tied,
        max_position_embeddings=32768,
    )
    with torch.device(where):
        net(made).to(torch.bfloat16).save_pretrained(folder)
    tokenizer().save_pretrained(folder)


def tokenizer() -> Any:
    """The packaged model's if that is installed, else one of bytes."""
    from transformers import AutoTokenizer

    from tests.tiny import byte_tokenizer

    try:
        return AutoTokenizer.from_pretrained(resolve("packaged:smollm2-135m"))
    except (MissingDependency, ImportError):  # not installed, or not readable here
        return byte_tokenizer()


def stepped(
    engine: str, folder: Path, options: argparse.Namespace
) -> tuple[TrainConfig, list[dict[str, float]]]:
    """The config, and each step's seconds by phase."""
    learner = Learner(config(engine, folder / "model", options, prompt_tokens=1024))
    learner.policy.net.generation_config.eos_token_id = None  # no response ends early
    learner.policy.tokenizer.eos_token = None
    chat = Chat(learner.policy.tokenizer, "tagged")
    records = [record(QUESTION.format(n)) for n in range(10, 10 + options.prompts)]
    longest = max(len(chat.prompt(one.messages, "thinking")) for one in records)
    c = config(engine, folder / "model", options, prompt_tokens=longest)
    sampler = choose_sampler(c, learner, folder, print)
    trainer = Trainer(c, learner, chat, sampler, Feed.of(records, chat, longest))
    return c, [timed(trainer, options.tokens) for _ in range(options.steps)][1:]


def config(engine: str, model: Path, options: argparse.Namespace, *, prompt_tokens: int) -> TrainConfig:
    responses = options.prompts * options.group
    keys: dict[str, Any] = {
        "contrast": False,
        "model": {"path": str(model), "device": options.device},
        "data": {"max_prompt_tokens": prompt_tokens},
        "rollout": {
            "prompts": options.prompts,
            "group_size": options.group,
            "max_new_tokens": options.tokens,
            "batch": responses,
            "engine": engine,
            "vllm": {"kv_cache_gib": 0.5 if options.device == "cpu" else None},
        },
        "loss": {"cloning": 0},
        "optimizer": {"batch": responses, "micro_batch": options.micro},
        "evaluation": {"prompts": 0},
    }
    return TrainConfig.model_validate(keys)


def timed(trainer: Trainer, tokens: int) -> dict[str, float]:
    metrics = trainer.grpo_step().metrics
    assert metrics["response_tokens"] == tokens
    return {name: value for name, value in metrics.items() if name.startswith("time_")}


def peak(where: str) -> float:
    """Of this process so far, in GB."""
    if where == "cuda":
        return torch.cuda.max_memory_allocated() / 1e9
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6


if __name__ == "__main__":
    main()
