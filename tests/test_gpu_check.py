"""benchmarks/gpu_check.py where there is no GPU: everything is skipped; its parts work on what there is."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

torch = pytest.importorskip("torch", reason="needs raif[train]")

ROOT = Path(__file__).resolve().parents[1]
SCRIPT = ROOT / "benchmarks" / "gpu_check.py"
sys.path.append(str(SCRIPT.parent))

import device_speed  # noqa: E402
import gpu_check  # noqa: E402

from raif.config.train import TrainConfig  # noqa: E402
from raif.plan.shapes import Shape  # noqa: E402
from tests.pretended_gpu import pretended_gpu  # noqa: E402
from tests.train.gpu_checks import CHECKS, Missing  # noqa: E402

TINY = Shape(2, 64, 96, 4, 2, 16, 300, tied=True, qkv_bias=True)


@pytest.fixture
def rows() -> list[tuple[str, str, str]]:
    return []


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
def test_without_a_gpu_all_parts_are_skipped_and_say_why(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, SCRIPT], capture_output=True, text=True, cwd=tmp_path, env={"PATH": "/usr/bin"}
    )
    assert done.returncode == 0, done.stderr
    for part in gpu_check.PARTS:
        assert f"| {part} | all | skipped | no CUDA device |" in done.stdout


def test_the_whole_ends_in_eight_minutes() -> None:
    assert gpu_check.LIMITS.keys() == gpu_check.PARTS.keys()
    assert sum(gpu_check.LIMITS.values()) <= 460


def test_what_is_not_installed_is_named(
    monkeypatch: pytest.MonkeyPatch, rows: list[tuple[str, str, str]]
) -> None:
    monkeypatch.setitem(sys.modules, "tests.train.gpu_checks", None)
    gpu_check.run("tests", lambda *row: rows.append(row))
    assert rows == [("all", "skipped", "tests.train.gpu_checks is not installed")]
    monkeypatch.setattr(gpu_check, "find_spec", lambda name: None)
    assert gpu_check.lacking() == "torch is not installed"
    assert gpu_check.machine() == "no PyTorch"


@pytest.mark.parametrize(
    ("code", "limit", "expected"),
    [
        ("pass", 60, ("time", "pass")),
        ("import time; time.sleep(60)", 2, ("time", "fail")),
        ("raise ValueError('no memory left')", 60, ("end", "fail")),
    ],
)
def test_a_part_that_is_late_or_breaks_keeps_its_rows_and_fails(
    code: str, limit: float, expected: tuple[str, str]
) -> None:
    row = gpu_check.ROW + '["first", "pass", "fine"]'
    said = f"print({row!r}, flush=True)\nprint('[noise]')\n{code}"
    start = time.monotonic()
    first, last = gpu_check.rows([sys.executable, "-c", said], limit)
    assert first == ("first", "pass", "fine")
    assert last[:2] == expected
    assert time.monotonic() - start < 30
    assert "no memory left" in last[2] or "no memory left" not in code


def test_checks_run_without_pytest(rows: list[tuple[str, str, str]]) -> None:
    say = lambda *row: rows.append(row)  # noqa: E731

    def missing(folder: Path) -> None:
        raise Missing("needs more")

    def failing(folder: Path) -> None:
        raise AssertionError("1 on the CPU, 2 on the GPU")

    name = "judgements, llama"
    with pretended_gpu():
        gpu_check.run_checks({name: CHECKS[name], "b": missing, "c": failing}, say)
    assert [row[:2] for row in rows] == [(name, "pass"), ("b", "skipped"), ("c", "fail")]
    assert rows[2][2] == "AssertionError: 1 on the CPU, 2 on the GPU"


@pytest.mark.nightly  # failed once in four runs, on a busy machine, for a reason not known yet
def test_checks_run_under_pytest() -> None:
    name = "judgements, llama"
    code = (
        "import sys; sys.path.append('benchmarks'); import gpu_check\n"
        "gpu_check.checked(lambda *row: print(gpu_check.ROW, row), '-k', 'judgements and llama')"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT)
    found = [line for line in done.stdout.splitlines() if gpu_check.ROW in line]
    wanted = [("real", "skipped"), ("pretended", "pass")]
    if torch.cuda.is_available():
        wanted = [("real", "pass"), ("pretended", "skipped")]
    assert len(found) == len(wanted), done.stdout + done.stderr
    for line, (_, result) in zip(found, wanted, strict=True):
        assert f"('{name}', '{result}'" in line, done.stdout + done.stderr


def test_the_demo_is_its_preset_in_twenty_steps(tiny_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found: list[Any] = []
    monkeypatch.setattr(gpu_check, "demo_model", lambda folder: str(tiny_folder))
    monkeypatch.setattr(gpu_check, "compare", lambda *given: found.extend(given))
    gpu_check.demo(print)
    config, device, _, in_time, _ = found
    assert (config.steps + config.cloning.warmup_steps, config.model.compute, device) == (
        20,
        "bfloat16",
        "cuda",
    )
    assert config.responses == config.optimizer.batch
    assert in_time()


def demo_config(folder: Path) -> TrainConfig:
    keys: dict[str, Any] = {
        "steps": 1,
        "model": {"path": str(folder), "compute": "float32"},
        "data": {
            "generate": {
                "count": 30,
                "max_constraints": 2,
                "thinking": "brief",
                "longest": 56,
                "levels": {"short": 1},
            }
        },
        "rollout": {"prompts": 2, "group_size": 4, "max_new_tokens": 12},
        "cloning": {"batch": 4, "warmup_steps": 2},
        "loss": {"kl": 0.1},
        "optimizer": {"batch": 8},
    }
    return TrainConfig.model_validate(keys)


def test_the_cpu_takes_the_steps_of_the_gpu(
    tiny_folder: Path, tmp_path: Path, rows: list[tuple[str, str, str]]
) -> None:
    with pretended_gpu():
        gpu_check.compare(
            demo_config(tiny_folder), "cuda", tmp_path, lambda: True, lambda *row: rows.append(row)
        )
    assert [row[:2] for row in rows] == [
        ("the device's steps", "pass"),
        *((name, "pass") for name in gpu_check.CLOSE),
    ]
    assert all(row[2].startswith("3 of 3 steps compared") for row in rows[1:])


def test_losses_that_differ_fail_and_steps_without_time_are_counted(
    tiny_folder: Path, tmp_path: Path, rows: list[tuple[str, str, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    made = gpu_check.trainer_of

    def wrong(config: TrainConfig, device: str, folder: Path) -> Any:
        trainer = made(config, "cpu", folder)
        if device == "wrong":
            with torch.no_grad():
                for weight in trainer.learner.policy.net.parameters():
                    weight.mul_(4)
        return trainer

    monkeypatch.setattr(gpu_check, "trainer_of", wrong)
    gpu_check.compare(
        demo_config(tiny_folder), "wrong", tmp_path, lambda: False, lambda *row: rows.append(row)
    )
    found = {name: (result, seen) for name, result, seen in rows}
    assert found["cloning_loss"][0] == "fail"
    assert found["cloning_loss"][1].startswith("1 of 3 steps compared")
    assert found["policy_loss"] == ("skipped", "1 of 3 steps compared: none has it")


def test_a_row_of_speed_needs_no_packaged_model(
    monkeypatch: pytest.MonkeyPatch, rows: list[tuple[str, str, str]]
) -> None:
    def absent(path: str) -> str:
        raise device_speed.MissingDependency(f"{path} is not installed")

    monkeypatch.setattr(device_speed, "shape_of", lambda name: TINY)
    monkeypatch.setattr(device_speed, "reached", lambda where: 1e9)
    monkeypatch.setattr(device_speed, "resolve", lambda p: absent(p) if p.startswith("packaged") else p)
    sizes = {"prompts": 1, "group": 4, "tokens": 4, "micro": 4, "steps": 2}
    gpu_check.speed("tiny", "cpu", sizes)(lambda *row: rows.append(row))
    assert [row[0] for row in rows] == ["step", "MFU", "peak memory"]
    assert rows[1][2].endswith("%")


def test_a_row_has_a_cell_for_each_column() -> None:
    times = dict.fromkeys(device_speed.PHASES, 0.5)
    row = device_speed.Row("0.5B", "vllm", 1.5, times, times, 3, 2.0, 2.5)
    assert str(row).count("|") == device_speed.HEAD.splitlines()[0].count("|")
    assert (row.mfu, row.tokens) == (1.0, 2.0)
