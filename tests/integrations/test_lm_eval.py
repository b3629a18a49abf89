"""The task `raif` of lm-eval: its functions, and an evaluation by lm-eval itself."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
from pathlib import Path
from typing import Any

import pytest

from raif.errors import ConfigError, RecordError
from raif.integrations.lm_eval import documents, share, verdicts
from tests.integrations.page import example

pytest.importorskip("datasets", reason="needs raif[data]")

NO_COMMA, TITLE = {"id": "punctuation:no_comma"}, {"id": "detectable_format:title"}
ROWS: list[dict[str, Any]] = [
    {"id": "a", "messages": [{"role": "user", "content": "First."}], "constraints": [NO_COMMA, TITLE]},
    {"key": 7, "prompt": "Second.", "instruction_id_list": ["punctuation:no_comma"], "kwargs": [{}]},
]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "rows.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in ROWS), "utf-8")
    return path


def test_documents_are_the_prompts_of_a_file_in_any_layout(file: Path) -> None:
    found = documents(str(file), version=1.0)["test"]
    assert found["id"] == ["a", "7"]
    assert found["prompt"] == ["First.", "Second."]


def test_metrics_are_strict_and_loose_by_prompt_and_by_constraint(file: Path) -> None:
    first, second = documents(str(file))["test"]
    assert verdicts(first, ["a b"]) == {
        "prompt_level_strict_acc": False,
        "inst_level_strict_acc": [True, False],
        "prompt_level_loose_acc": False,
        "inst_level_loose_acc": [True, False],
    }
    found = verdicts(second, ["Sure, here:\nTea."])  # loosely, the first line is left out
    assert found["prompt_level_strict_acc"] is False
    assert found["prompt_level_loose_acc"] is True
    assert share([[True, False], [True]]) == 2 / 3


def test_thinking_is_split_off(file: Path) -> None:
    _, second = documents(str(file), "deepseek")["test"]
    assert verdicts(second, ["a, b</think>c"])["inst_level_strict_acc"] == [True]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"messages": [{"role": "system", "content": "x"}, {"role": "user", "content": "y"}]}, "single user"),
        ({"questions": [{"text": "Is it warm?"}], "task": "complex"}, "no judge"),
    ],
)
def test_what_lm_eval_cannot_ask_is_an_error(tmp_path: Path, change: dict[str, Any], said: str) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_text(json.dumps(ROWS[0] | change) + "\n", "utf-8")
    with pytest.raises(RecordError, match=f"a: .*{said}"):
        documents(str(path))


def test_a_file_is_needed() -> None:
    with pytest.raises(ConfigError, match="no file"):
        documents()


@pytest.mark.slow
def test_lm_eval_runs_the_task(file: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    lm_eval = pytest.importorskip("lm_eval", reason="needs raif[integrations]")
    from lm_eval.api.model import LM
    from lm_eval.tasks import TaskManager

    class Scripted(LM):
        def generate_until(self, requests: list[Any]) -> list[str]:
            texts = {"First.": "a b", "Second.": "Sure, here:\nTea."}
            return [texts[request.args[0]] for request in requests]

        def loglikelihood(self, requests: list[Any]) -> Any:
            raise NotImplementedError

        loglikelihood_rolling = loglikelihood

    monkeypatch.setenv("HF_HOME", str(tmp_path))
    words = shlex.split(example("lm-eval", "bash").replace("\\\n", " "))
    command = re.search(r"\$\((.*)\)", words[words.index("--include_path") + 1])
    assert command
    folder = subprocess.run(
        shlex.split(command[1]), capture_output=True, text=True, check=True
    ).stdout.strip()
    metadata = json.loads(words[words.index("--metadata") + 1]) | {"file": str(file)}
    found = lm_eval.simple_evaluate(
        Scripted(),
        tasks=[next(word for word in words if word.startswith("--tasks=")).partition("=")[2]],
        task_manager=TaskManager(include_path=folder, include_defaults=False, metadata=metadata),
        bootstrap_iters=0,
    )
    assert found
    measured = {name.partition(",")[0]: value for name, value in found["results"]["raif"].items()}
    assert measured["prompt_level_strict_acc"] == 0
    assert measured["inst_level_strict_acc"] == 1 / 3
    assert measured["prompt_level_loose_acc"] == 0.5
    assert measured["inst_level_loose_acc"] == 2 / 3
