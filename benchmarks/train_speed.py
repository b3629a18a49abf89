"""How long one full step takes (rollout, reference, update), beside TRL's GRPOTrainer, in one run.

    python -m venv .peer && .peer/bin/pip install -r benchmarks/train_speed.requirements.txt
    python benchmarks/train_speed.py .peer/bin/python

Both train the packaged 135M model on the same prompts, in groups of 8, with as many new tokens in each
response (its end is not allowed), beta 0.001, the same micro-batches and precision, and rollouts by
transformers. The machine must be free. Seconds are the best of all steps but a first one; both take
turns. Memory is the peak of a process. Exit code 1 where raif is not `WANTED` times faster, or takes more.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

ROUNDS, STEPS = 2, 3
PROMPTS, GROUP, NEW, MICRO, BETA = 2, 8, 128, 4, 0.001
WANTED = 1.3
ASKED = ("Describe the sea in the morning.", "Explain to a child why it rains.")


def main() -> None:
    if sys.argv[1] in SIDES:
        print(json.dumps(SIDES[sys.argv[1]](json.load(sys.stdin))))
        return
    print("| precision | | step, s | new tokens/s | peak, GB |\n|---|---|---|---|---|")
    passed = [compared(sys.argv[1], dtype) for dtype in ("bfloat16", "float32")]
    sys.exit(0 if all(passed) else 1)


def compared(peer: str, dtype: str) -> bool:
    """Print the rows of one precision; whether raif is as fast and small as it is to be."""
    task = {"dtype": dtype, "model": model(), "prompts": prompts()}
    pairs = [(asked(peer, "trl", task), asked(sys.executable, "raif", task)) for _ in range(ROUNDS)]
    rows = {side: merged(runs) for side, runs in zip(SIDES, zip(*pairs, strict=True), strict=True)}
    for side, (seconds, peak) in rows.items():
        print(f"| {dtype} | {side} | {seconds:.2f} | {PROMPTS * GROUP * NEW / seconds:.0f} | {peak:.2f} |")
    (theirs, their_peak), (ours, our_peak) = rows.values()
    print(f"| {dtype} | trl / raif | {theirs / ours:.2f} | | {their_peak / our_peak:.2f} |", flush=True)
    return theirs / ours >= WANTED and our_peak <= their_peak


def merged(runs: Any) -> tuple[float, float]:
    return min(s for run in runs for s in run["seconds"][1:]), max(run["peak"] for run in runs)


def asked(python: str, side: str, task: dict[str, Any]) -> dict[str, Any]:
    found = subprocess.run(
        [python, __file__, side], input=json.dumps(task), stdout=subprocess.PIPE, text=True, check=True
    )
    return json.loads(found.stdout.splitlines()[-1])


def measured(seconds: list[float]) -> dict[str, Any]:
    return {"seconds": seconds, "peak": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6}


def model() -> str:
    from raif.train.packaged import resolve

    return resolve("packaged:smollm2-135m")


def prompts() -> list[str]:
    """The texts that raif asks with, for both."""
    from transformers import AutoTokenizer

    from raif.train.chat import Chat

    chat = Chat(AutoTokenizer.from_pretrained(model()), "tagged")
    return [chat.tokenizer.decode(chat.prompt(record(text).messages, "thinking")) for text in ASKED]


def record(text: str) -> Any:
    from raif.types import Constraint, Instruction, Message

    no_comma = Constraint(id="punctuation:no_comma")
    return Instruction(id=text, messages=(Message(role="user", content=text),), constraints=(no_comma,))


def raif(task: dict[str, Any]) -> dict[str, Any]:
    from raif.config.train import TrainConfig
    from raif.train.chat import Chat
    from raif.train.feed import Feed
    from raif.train.learner import Learner
    from raif.train.loop import grpo_step
    from raif.train.rollout import TransformersSampler
    from raif.train.trainer import Trainer

    keys = {
        "contrast": False,
        "model": {
            "path": task["model"],
            "compute": task["dtype"],
            "device": "cpu",
            "gradient_checkpointing": False,
        },
        "rollout": {"prompts": PROMPTS, "group_size": GROUP, "max_new_tokens": NEW, "batch": PROMPTS * GROUP},
        "loss": {"kl": BETA, "cloning": 0},
        "optimizer": {"batch": PROMPTS * GROUP, "micro_batch": MICRO},
    }
    config = TrainConfig.model_validate(keys)
    learner = Learner(config)
    learner.policy.net.generation_config.eos_token_id = None  # no response ends early
    learner.policy.tokenizer.eos_token = None
    chat = Chat(learner.policy.tokenizer, "tagged")
    sampler = TransformersSampler(learner.policy, max_new_tokens=NEW, temperature=1.0, batch=PROMPTS * GROUP)
    trainer = Trainer(config, learner, chat, sampler, Feed.of([record(t) for t in ASKED], chat, 1024))
    seconds = []
    for _ in range(STEPS):
        start = time.perf_counter()
        metrics = grpo_step(trainer).metrics
        seconds.append(time.perf_counter() - start)
        assert metrics["response_tokens"] == NEW
    return measured(seconds)


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
            output_dir=str(Path(folder)),
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


SIDES = {"trl": trl, "raif": raif}

if __name__ == "__main__":
    main()
