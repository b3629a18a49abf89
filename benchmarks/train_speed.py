"""Compares the time of one full step (rollout, reference, update) with TRL's GRPOTrainer, in one run.

    python -m venv .peer && .peer/bin/pip install -r benchmarks/train_speed.requirements.txt
    python benchmarks/train_speed.py .peer/bin/python
    python benchmarks/train_speed.py .peer/bin/python --dtype float32 --rounds 1
    python benchmarks/train_speed.py .peer/bin/python --rounds 1 --busy    # with another process on one core

Both train the packaged 135M model with float32 master weights on the same prompts, in groups of 8, with the
same number of new tokens per response (none can end early), beta 0.001 and the same micro-batches. TRL
samples with transformers (its vLLM mode fails on a CPU), raif with transformers and with vLLM in its
process, which must be installed (docs/vllm.md). The machine must be idle. Seconds are the best of all steps
but each process's first; the two sides alternate. Memory is the peak of a process. Exit code 1 if raif isn't
as many times faster as `WANTED` says, or takes more memory.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from contextlib import nullcontext
from functools import partial
from pathlib import Path
from typing import Any

from busy_machine import NAME, busy

STEPS = 3
PROMPTS, GROUP, NEW, MICRO, BETA = 2, 8, 128, 4, 0.001
WANTED = {"raif, transformers": 1.3, "raif, vllm": 2.0}
ASKED = ("Describe the sea in the morning.", "Explain to a child why it rains.")


def main() -> None:
    if sys.argv[1] in SIDES:
        print(json.dumps(SIDES[sys.argv[1]](json.load(sys.stdin))))
        return
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("peer", help="the Python that has TRL")
    parser.add_argument("--dtype", default="bfloat16")
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--busy", action="store_true")
    options = parser.parse_args()
    with busy() if options.busy else nullcontext():
        fast = compared(options.peer, options.dtype, options.rounds)
    sys.exit(0 if fast else 1)


def compared(peer: str, dtype: str, rounds: int) -> bool:
    """Print a row for each side. True if raif is as fast and as small as wanted."""
    task = {"dtype": dtype, "model": model(), "prompts": prompts()}
    pythons = {side: peer if side == "trl" else sys.executable for side in SIDES}
    runs = [{side: asked(python, side, task) for side, python in pythons.items()} for _ in range(rounds)]
    rows = {side: merged([run[side] for run in runs]) for side in SIDES}
    theirs, their_peak = rows["trl"]
    print(f"| {dtype} | step, s | new tokens/s | peak, GB | times as fast |\n|---|---|---|---|---|")
    for side, (seconds, peak) in rows.items():
        rate, times = PROMPTS * GROUP * NEW / seconds, theirs / seconds
        print(f"| {side} | {seconds:.2f} | {rate:.0f} | {peak:.2f} | {times:.2f} |")
    return all(theirs / rows[s][0] >= times and rows[s][1] <= their_peak for s, times in WANTED.items())


def merged(runs: list[dict[str, Any]]) -> tuple[float, float]:
    return min(s for run in runs for s in run["seconds"][1:]), max(run["peak"] for run in runs)


def asked(python: str, side: str, task: dict[str, Any]) -> dict[str, Any]:
    """Each side runs as its own command would: `raif train` lets waiting threads sleep, TRL doesn't."""
    own = {NAME: "passive"} if side != "trl" else {}
    found = subprocess.run(
        [python, __file__, side],
        input=json.dumps(task),
        stdout=subprocess.PIPE,
        text=True,
        check=True,
        env={**own, **os.environ},
    )
    return json.loads(found.stdout.splitlines()[-1])


def measured(seconds: list[float]) -> dict[str, Any]:
    return {"seconds": seconds, "peak": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6}


def model() -> str:
    from raif.models.load import resolve

    return resolve("packaged:smollm2-135m")


def prompts() -> list[str]:
    """raif's prompts as text, for both sides."""
    from transformers import AutoTokenizer

    from raif.models.chat import Chat

    chat = Chat(AutoTokenizer.from_pretrained(model()), "tagged")
    return [chat.tokenizer.decode(chat.prompt(record(text).messages, "thinking")) for text in ASKED]


def record(text: str) -> Any:
    from raif.types import Constraint, Instruction, Message

    no_comma = Constraint(id="punctuation:no_comma")
    return Instruction(id=text, messages=(Message(role="user", content=text),), constraints=(no_comma,))


def raif(task: dict[str, Any], engine: str) -> dict[str, Any]:
    from raif.config.train import TrainConfig
    from raif.models.chat import Chat
    from raif.train.feed import Feed
    from raif.train.learner import Learner
    from raif.train.loop import Trainer
    from raif.train.samplers.choose import choose_sampler

    keys = {
        "contrast": False,
        "model": {
            "path": task["model"],
            "compute": task["dtype"],
            "device": "cpu",
            "gradient_checkpointing": False,
        },
        "data": {"max_prompt_tokens": 256},
        "rollout": {
            "prompts": PROMPTS,
            "group_size": GROUP,
            "max_new_tokens": NEW,
            "batch": PROMPTS * GROUP,
            "engine": engine,
            "vllm": {"kv_cache_gib": 0.1},
        },
        "loss": {"kl": BETA, "cloning": 0},
        "optimizer": {"batch": PROMPTS * GROUP, "micro_batch": MICRO},
    }
    config = TrainConfig.model_validate(keys)
    learner = Learner(config)
    learner.policy.net.generation_config.eos_token_id = None  # no response ends early
    learner.policy.tokenizer.eos_token = None
    chat = Chat(learner.policy.tokenizer, "tagged")
    feed = Feed.of([record(text) for text in ASKED], chat, 256)
    with tempfile.TemporaryDirectory() as folder:
        sampler = choose_sampler(config, learner, Path(folder), print)
        trainer = Trainer(config, learner, chat, sampler, feed)
        return measured([timed(trainer.grpo_step) for _ in range(STEPS)])


def timed(step: Any) -> float:
    start = time.perf_counter()
    metrics = step().metrics
    seconds = time.perf_counter() - start
    assert metrics["response_tokens"] == NEW
    print(
        {name: round(value, 2) for name, value in metrics.items() if name.startswith("time_")},
        file=sys.stderr,
    )
    return seconds


def trl(task: dict[str, Any]) -> dict[str, Any]:
    import torch
    from datasets import Dataset
    from transformers import AutoModelForCausalLM, TrainerCallback
    from trl import GRPOConfig, GRPOTrainer

    seconds: list[float] = []

    class Clock(TrainerCallback):
        def on_step_begin(self, *args: Any, **keys: Any) -> None:
            seconds.append(-time.perf_counter())

        def on_step_end(self, *args: Any, **keys: Any) -> None:
            seconds[-1] += time.perf_counter()

    def no_comma(completions: list[str], **columns: Any) -> list[float]:
        return [float("," not in text) for text in completions]

    with tempfile.TemporaryDirectory() as folder:
        config = GRPOConfig(
            output_dir=folder,
            use_cpu=True,
            bf16=task["dtype"] == "bfloat16",
            gradient_checkpointing=False,
            per_device_train_batch_size=MICRO,
            gradient_accumulation_steps=PROMPTS * GROUP // MICRO,
            num_generations=GROUP,
            max_completion_length=NEW,
            generation_kwargs={"min_new_tokens": NEW},
            beta=BETA,
            max_steps=STEPS,
            report_to="none",
            save_strategy="no",
            disable_tqdm=True,
        )
        trainer = GRPOTrainer(
            model=AutoModelForCausalLM.from_pretrained(task["model"], dtype=torch.float32),
            reward_funcs=no_comma,
            args=config,
            train_dataset=Dataset.from_list([{"prompt": text} for text in task["prompts"]]),
            callbacks=[Clock()],
        )
        trainer.train()
    assert trainer.state.log_history[0]["completions/mean_length"] == NEW
    return measured(seconds)


SIDES = {
    "trl": trl,
    **{f"raif, {engine}": partial(raif, engine=engine) for engine in ("transformers", "vllm")},
}

if __name__ == "__main__":
    main()
