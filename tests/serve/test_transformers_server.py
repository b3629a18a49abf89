"""Our own server as a process, started and used as any client would use it."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from openai import APITimeoutError, AuthenticationError

from raif.config.eval import EvalConfig
from raif.config.serve import RewardsConfig, ServeConfig
from raif.eval.answers import Answer, Ask
from raif.eval.responders import responder
from raif.serve import Server, serving
from raif.types import Message
from tests.serve import endpoint, thinker

pytest.importorskip("starlette", reason="needs raif[serve]")
pytestmark = pytest.mark.slow
KEY = "a-key-that-nobody-sees"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    pytest.importorskip("torch", reason="needs raif[train]")
    return thinker.make(tmp_path_factory.mktemp("thinker"))


@pytest.fixture(scope="module")
def server(folder: Path) -> Iterator[Server]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SERVER_KEY", KEY)
        config = ServeConfig(model=str(folder), port=0, dtype="float32", api_key_env="SERVER_KEY")
        with serving(config) as server:
            yield server


def test_thinking_and_answer_come_apart(server: Server) -> None:
    assert endpoint.answered(server, KEY) == (thinker.THINKING, thinker.ANSWER)


def test_they_come_apart_in_a_stream_too(server: Server) -> None:
    thinking, answer, chunks = endpoint.streamed(server, KEY)
    assert (thinking, answer) == (thinker.THINKING, thinker.ANSWER)
    assert chunks > 4


def test_evaluation_gets_the_response_that_the_model_wrote(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SERVER_KEY", KEY)
    config = {
        "model": server.model,
        "think": "tagged",
        "sampling": {"max_tokens": 150},
        "endpoint": {"base_url": server.base_url, "api_key_env": "SERVER_KEY"},
    }
    asks = [Ask(str(n), (Message(role="user", content=thinker.ASKED),)) for n in range(2)]
    answers = [answer for _, answer in responder(EvalConfig.model_validate(config)).respond(asks)]
    assert answers == [Answer(thinker.ANSWER, thinker.THINKING)] * 2
    assert answers[0].whole("tagged") == f"<think>\n{thinker.RESPONSE}"


def test_requests_without_the_key_are_refused(server: Server) -> None:
    with pytest.raises(AuthenticationError, match="wrong or missing API key"):
        endpoint.answered(server, "another")


def test_the_health_needs_no_key(server: Server) -> None:
    with urllib.request.urlopen(server.base_url.removesuffix("/v1") + "/health") as answer:
        assert answer.status == 200


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_the_key_is_not_in_the_list_of_processes(server: Server) -> None:
    assert KEY.encode() not in Path(f"/proc/{server.process.pid}/cmdline").read_bytes()


def test_a_request_whose_client_hangs_up_stops(tiny_folder: Path) -> None:
    """The next one has its answer at once, and not after the thousands of tokens that nobody reads."""
    config = ServeConfig(model=str(tiny_folder), port=0, dtype="float32")
    with serving(config) as slow:
        asked = endpoint.request(slow, max_tokens=7000)
        with pytest.raises(APITimeoutError):
            endpoint.client(slow).with_options(timeout=1).chat.completions.create(**asked)
        stream = endpoint.client(slow).chat.completions.create(**asked, stream=True)
        next(iter(stream))
        stream.close()
        start = time.monotonic()
        endpoint.client(slow).chat.completions.create(**endpoint.request(slow, max_tokens=1))
        assert time.monotonic() - start < 5


def test_rewards_are_served(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SERVER_KEY", KEY)
    config = ServeConfig(rewards=RewardsConfig(), port=0, api_key_env="SERVER_KEY")
    with serving(config) as server:
        ran = subprocess.run(server.example, shell=True, capture_output=True, text=True, check=True)
        assert json.loads(ran.stdout)["rewards"] == [0.0]
        with pytest.raises(urllib.error.HTTPError, match="401"):
            urllib.request.urlopen(server.base_url, b"{}")


@pytest.mark.parametrize("end", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupt_ends_the_command_and_its_server(tiny_folder: Path, end: signal.Signals) -> None:
    program = [sys.executable, "-c", "from raif_cli.main import run; run()"]
    command = [*program, "serve", str(tiny_folder), "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        assert process.stdout is not None
        first = process.stdout.readline()
        assert f"serves {tiny_folder.name!r}" in first
        port = int(first.split(":")[2].split("/")[0])
        process.send_signal(end)
        assert process.wait(30) == 0
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port)).close()
