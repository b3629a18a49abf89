"""Finished runs in whose every text there is something that a careless page would run."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from raif.config import dump
from raif.config.train import TrainConfig
from raif_cli.main import app
from tests.chat_server import Body, chat_server, completion

EVIL = (
    "</script></pre><script>window.ran = 1</script><img src=http://127.0.0.1:9/x onerror='window.ran = 2'>"
    "<!--<script>{{ 7 * 7 }} & \u2028 end"
)
HALF = "\ud83d"
"""Of a pair, which JSON can say and UTF-8 can't."""


def write(path: Path, lines: Sequence[Any]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(line) + "\n" for line in lines), "utf-8")
    return path


def item(key: int) -> dict[str, Any]:
    kinds = ["punctuation:no_comma"]
    return {"key": key, "prompt": f"Item {key} {EVIL}", "instruction_id_list": kinds, "kwargs": [{}]}


def question(number: int) -> dict[str, Any]:
    return {
        "id": f"q{number}",
        "instruction": f"Question {number} {EVIL}",
        "input": "",
        "category": EVIL,
        "subset": "Easy_set",
        "decomposed_questions": [f"Is it kind? {EVIL}"],
        "question_label": [["Style"]],
    }


def said(body: Body) -> tuple[int, Body]:
    """A model whose odd answers have commas, and a judge."""
    if body["model"] == "judge":
        return completion(f"YES. {EVIL}")
    prompt = body["messages"][-1]["content"]
    answer = "one, two" if "Item 1 " in prompt or "Item 3 " in prompt else "fine"
    return completion(f"{answer} {EVIL}", reasoning_content=f"I think {EVIL}")


@pytest.fixture(scope="session")
def evaluated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of `raif eval` with three benchmarks: 150 items, two of them fail."""
    data = tmp_path_factory.mktemp("benchmarks")
    write(data / "ifeval/input_data.jsonl", [item(n) for n in range(5)])
    write(data / "ifbench/IFBench_test.jsonl", [item(n) for n in range(10, 15)])
    write(data / "infobench/InfoBench.json", [question(n) for n in range(140)])
    with chat_server(said) as server:
        names = ("ifeval", "ifbench", "infobench")
        model = ("--model", "Qwen2.5-7B-Instruct", "--base-url", server.base_url)
        judge = ("--judge-model", "judge", "--judge-url", server.base_url)
        arguments = ["eval", *names, *model, *judge, "--out", str(data / "out")]
        result = CliRunner(env={"RAIF_BENCHMARK_DATA": str(data)}).invoke(app, arguments)
    assert result.exit_code == 0, result.output
    return data / "out"


KINDS = {"punctuation:no_comma": 0.25, "startend:quotation": 0.5}


@pytest.fixture
def trained(tmp_path: Path) -> Path:
    """What `raif train` leaves in its folder, less the model."""
    folder = tmp_path / "run <b>"
    folder.mkdir()
    (folder / "config.yaml").write_text(dump(TrainConfig()), "utf-8")
    write(folder / "metrics.jsonl", [step(n) for n in range(1, 101)])
    rows = [row("untrained", 0.0), row("whole recipe", 0.5), row("expert answers", 0.5)]
    (folder / "report.json").write_text(json.dumps({"facts": {}, "rows": rows}), "utf-8")
    for number, name in enumerate(("untrained", "whole-recipe", "expert-answers")):
        write(folder / f"heldout/{name}.jsonl", [answer(n, passed=number > n % 2) for n in range(4)])
    for number in (3, 7):
        write(folder / f"samples/step-{number:06d}.jsonl", [response(number, n) for n in range(8)])
    write(folder / "findings.jsonl", [{"step": 2, "name": "no end", "what": EVIL, "advice": "Mend it."}])
    return folder


def step(number: int) -> dict[str, Any]:
    kinds = {f"kind/{kind}": share for kind, share in KINDS.items()}
    parts = {"reward": number / 50, "keep_ratio": 0.75, "grad_norm": float("nan"), "time_update": 6.0}
    return {"step": number, "phase": "grpo", **parts, **kinds}


def row(name: str, more: float) -> dict[str, Any]:
    rates = {"value": 0.4 + more, "low": 0.3 + more, "high": 0.5 + more}
    names = ("constraints", "constraints_loose", "followed", "followed_loose")
    shares = {"format_share": 1.0, "truncated_share": 0.0, "words": 30.0, "repetition": 0.1}
    kinds = {kind: share + more for kind, share in KINDS.items()}
    return {
        "name": name,
        "prompts": 4,
        "fluency": None,
        "kinds": kinds,
        **dict.fromkeys(names, rates),
        **shares,
    }


def answer(number: int, *, passed: bool) -> dict[str, Any]:
    verdict = {"id": "punctuation:no_comma", "passed": passed, "passed_loose": passed, "active": True}
    return {
        "id": f"heldout-{number}",
        "prompt": f"Prompt {number} {EVIL}",
        "thinking": f"Hm {EVIL}",
        "answer": f"Said {EVIL} {HALF}" if passed else None,
        "format_valid": passed,
        "truncated": False,
        "fluency": -1.5 if passed else None,
        "verdicts": [verdict | {"reason": EVIL}],
    }


def response(number: int, position: int) -> dict[str, Any]:
    return {
        "id": f"train-{number}-{position // 4}",
        "prompt": EVIL,
        "thinking": position % 4 < 3,
        "text": EVIL,
        "reward_format": 1.0,
        "reward_accuracy": 2.0 if position % 4 else -2.0,
        "reward_length": 0.0,
        "keep": position % 4 < 3,
        "verdicts": {"0 punctuation:no_comma": bool(position % 4)},
    }
