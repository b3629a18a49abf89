from __future__ import annotations

import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from raif import serve
from raif.config.eval import EvalConfig
from raif.config.serve import ServeConfig
from raif.errors import ConfigError, MissingDependency, RaifError
from raif.eval.answers import Ask
from raif.eval.responders import responder
from raif.serve import Command, serving
from raif.types import Message

HEALTHY = """
import http.server, sys
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self): self.send_response(200); self.end_headers()
http.server.HTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
"""
STUBBORN = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN)" + HEALTHY


@pytest.fixture
def config(tmp_path: Path) -> ServeConfig:
    return ServeConfig(model=tmp_path, port=0, startup_timeout=20)


@pytest.fixture
def program(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[str]:
    """The text of the program that is started as the server, to be filled in by a test."""
    text: list[str] = []

    def command(_: ServeConfig, port: int) -> Command:
        return Command([sys.executable, "-c", *text, str(port)], tmp_path, "m")

    monkeypatch.setitem(serve._BACKENDS, "transformers", command)
    return text


def test_a_healthy_server_is_handed_over_and_stopped_at_the_end(
    config: ServeConfig, program: list[str]
) -> None:
    program.append(HEALTHY)
    with serving(config, subprocess.DEVNULL) as server:
        assert server.process.poll() is None
        assert server.base_url in server.example
    assert server.process.returncode == -signal.SIGTERM


def test_a_server_that_does_not_end_is_killed(
    config: ServeConfig, program: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(serve, "GRACE", 0.3)
    program.append(STUBBORN)
    with serving(config, subprocess.DEVNULL) as server:
        pass
    assert server.process.returncode == -signal.SIGKILL


def test_a_server_that_dies_at_once_is_an_error(config: ServeConfig, program: list[str]) -> None:
    program.append("raise SystemExit(3)")
    with pytest.raises(RaifError, match=r"ended before it was ready \(exit code 3\)"), serving(config):
        pass


def test_a_silent_server_is_given_up(config: ServeConfig, program: list[str]) -> None:
    program.append("import time; time.sleep(60)")
    impatient = config.model_copy(update={"startup_timeout": 0.3})
    with pytest.raises(RaifError, match=r"not ready within 0\.3 seconds"), serving(impatient):
        pass


def test_a_taken_port_is_named(config: ServeConfig, program: list[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        busy = config.model_copy(update={"port": port})
        with (
            pytest.raises(RaifError, match=rf"127\.0\.0\.1:{port}: Address already in use") as caught,
            serving(busy),
        ):
            pass
    assert "--port" in caught.value.hint


def test_a_folder_without_a_model_is_an_error(config: ServeConfig) -> None:
    with pytest.raises(ConfigError, match=r"no config\.json"), serving(config):
        pass


def test_a_name_that_the_server_would_misread_is_an_error(tmp_path: Path) -> None:
    folder = tmp_path / "model@best"
    folder.mkdir()
    (folder / "config.json").touch()
    with pytest.raises(ConfigError, match="revision"), serving(ServeConfig(model=folder, port=0)):
        pass


def test_missing_packages_are_named_with_their_extra(
    config: ServeConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "fastapi", None)
    with pytest.raises(MissingDependency) as caught, serving(config):
        pass
    assert "pip install 'raif[serve]'" in str(caught.value)


@pytest.mark.slow
def test_a_checkpoint_is_served_to_any_client(tiny_folder: Path) -> None:
    from openai import OpenAI

    hello = Message(role="user", content="hello")
    with serving(ServeConfig(model=tiny_folder, port=0, dtype="float32"), subprocess.DEVNULL) as server:
        client = OpenAI(base_url=server.base_url, api_key="none")
        completion = client.chat.completions.create(
            model=server.model, messages=[{"role": "user", "content": "hello"}], max_tokens=5, temperature=0
        )
        source = responder(
            EvalConfig.model_validate(
                {
                    "model": server.model,
                    "sampling": {"max_tokens": 5},
                    "endpoint": {"base_url": server.base_url},
                }
            )
        )
        asks = [Ask(str(n), (hello,)) for n in range(3)]
        answers = [answer for _, answer in source.respond(asks)]
    assert {answer.response for answer in answers} == {completion.choices[0].message.content}
    assert len(answers) == 3


@pytest.mark.slow
def test_ctrl_c_ends_the_command_and_its_server(tiny_folder: Path) -> None:
    program = "from raif_cli.main import run; run()"
    command = [sys.executable, "-c", program, "serve", str(tiny_folder), "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        assert process.stdout is not None
        first = process.stdout.readline()
        assert f"serves {tiny_folder.name!r}" in first
        port = int(first.split(":")[2].split("/")[0])
        process.send_signal(signal.SIGINT)
        assert process.wait(30) == 0
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port)).close()
