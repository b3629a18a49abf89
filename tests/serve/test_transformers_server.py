"""The server that comes with transformers, started and used as any client would use it."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from openai import AuthenticationError

from raif.config.eval import EvalConfig
from raif.config.serve import ServeConfig
from raif.eval.answers import Answer, Ask
from raif.eval.responders import responder
from raif.serve import Server, serving
from raif.serve.middleware import KEY as KEY_VARIABLE
from raif.serve.middleware import RequireKey, SplitTagged
from raif.types import Message
from tests.serve import endpoint, thinker

pytest.importorskip("fastapi", reason="needs raif[serve]")
SLOW = pytest.mark.slow
KEY = "a-key-that-nobody-sees"


def test_transformers_builds_its_application_through_our_wrapper(monkeypatch: pytest.MonkeyPatch) -> None:
    """It looks up `build_server` when it starts, and serves what that returns."""
    import uvicorn
    from transformers.cli.serving import server

    from raif.serve import transformers_server

    served: list[Any] = []
    monkeypatch.setattr(server, "build_server", lambda *_, **__: "its application")
    monkeypatch.setattr(uvicorn, "Config", lambda app, **_: served.append(app))
    monkeypatch.setattr(uvicorn, "Server", lambda _: SimpleNamespace(run=lambda: None))
    monkeypatch.setenv("HF_HUB_DISABLE_UPDATE_CHECK", "1")
    monkeypatch.setenv(KEY_VARIABLE, KEY)
    monkeypatch.setattr(sys, "argv", ["transformers", "SplitTagged,RequireKey", "serve"])
    with pytest.raises(SystemExit) as ended:
        transformers_server.main()
    assert ended.value.code == 0
    (app,) = served
    assert (type(app), type(app._app), app._app._app) == (RequireKey, SplitTagged, "its application")


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


@SLOW
def test_thinking_and_answer_come_apart(server: Server) -> None:
    assert endpoint.answered(server, KEY) == (thinker.THINKING, thinker.ANSWER)


@SLOW
def test_they_come_apart_in_a_stream_too(server: Server) -> None:
    thinking, answer, chunks = endpoint.streamed(server, KEY)
    assert (thinking, answer) == (thinker.THINKING, thinker.ANSWER)
    assert chunks > 4


@SLOW
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


@SLOW
def test_requests_without_the_key_are_refused(server: Server) -> None:
    with pytest.raises(AuthenticationError, match="wrong or missing API key"):
        endpoint.answered(server, "another")


@SLOW
def test_the_health_needs_no_key(server: Server) -> None:
    with urllib.request.urlopen(server.base_url.removesuffix("/v1") + "/health") as answer:
        assert answer.status == 200


@SLOW
@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_the_key_is_not_in_the_list_of_processes(server: Server) -> None:
    assert KEY.encode() not in Path(f"/proc/{server.process.pid}/cmdline").read_bytes()


@SLOW
def test_ctrl_c_ends_the_command_and_its_server(tiny_folder: Path) -> None:
    program = "from raif_cli.main import run; run()"
    command = [
        sys.executable,
        "-c",
        program,
        "serve",
        str(tiny_folder),
        "--port",
        "0",
        "--",
        "--default-seed",
        "3",
    ]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        assert process.stdout is not None
        first = process.stdout.readline()
        assert f"serves {tiny_folder.name!r}" in first
        port = int(first.split(":")[2].split("/")[0])
        process.send_signal(signal.SIGINT)
        assert process.wait(30) == 0
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port)).close()
