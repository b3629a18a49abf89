from __future__ import annotations

import io
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from raif.config.serve import ServeConfig
from raif.errors import RaifError
from raif.serve import backends, process, serving
from raif.serve.backends import Command

HEALTHY = """
import http.server, sys
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self): self.send_response(200); self.end_headers()
http.server.HTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
"""
STUBBORN = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN)" + HEALTHY


@pytest.fixture
def config(tmp_path: Path) -> ServeConfig:
    return ServeConfig(model=str(tmp_path), port=0, startup_timeout=20)


@pytest.fixture
def program(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[str]:
    """The program that is started as the server. Each test fills in its text."""
    text: list[str] = []

    def command(_: ServeConfig, port: int) -> Command:
        return Command([sys.executable, "-c", *text, str(port)], tmp_path, "m")

    monkeypatch.setattr(backends, "command", command)
    return text


def test_a_healthy_server_is_yielded_and_stopped_at_the_end(config: ServeConfig, program: list[str]) -> None:
    program.append(HEALTHY)
    with serving(config) as server:
        assert server.process.poll() is None
        assert server.base_url in server.example
    assert server.process.returncode == -signal.SIGTERM


@pytest.mark.parametrize(("given", "found"), [(None, "passive"), ("active", "active")])
def test_a_servers_threads_sleep_while_they_wait_unless_the_user_chose(
    config: ServeConfig,
    program: list[str],
    monkeypatch: pytest.MonkeyPatch,
    given: str | None,
    found: str,
) -> None:
    monkeypatch.delenv("OMP_WAIT_POLICY", raising=False)
    if given:
        monkeypatch.setenv("OMP_WAIT_POLICY", given)
    program.append("import os; print(os.environ['OMP_WAIT_POLICY'], flush=True)" + HEALTHY)
    output = io.BytesIO()
    with serving(config, output):
        pass
    assert output.getvalue().decode().splitlines()[0] == found


def test_a_server_that_does_not_stop_is_killed(
    config: ServeConfig, program: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(process, "GRACE", 0.3)
    program.append(STUBBORN)
    with serving(config) as server:
        pass
    assert server.process.returncode == -signal.SIGKILL


def failure(config: ServeConfig, program: list[str], text: str) -> RaifError:
    program.append(text)
    with pytest.raises(RaifError) as caught, serving(config):
        pass
    return caught.value


def test_a_server_that_dies_at_once_is_an_error_with_its_last_output(
    config: ServeConfig, program: list[str]
) -> None:
    error = failure(config, program, "raise SystemExit('no such model type')")
    assert "ended before it was ready (exit code 1)" in error.message
    assert "no such model type" in error.hint


@pytest.mark.parametrize(
    "words",
    [
        "torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 2.00 GiB.",
        "ERROR 11-22 [core.py:9] ValueError: No available memory for the cache blocks. Try increasing",
        "ValueError: 9 GiB KV cache is needed, which is larger than the available KV cache memory (1 GiB).",
        "ValueError: Available memory on node 0 (1/2 GiB) is less than desired CPU memory utilization (0.9).",
        "RuntimeError: Engine core initialization failed. Failed core proc(s): {'EngineCore_DP0': -9}",
        "RuntimeError: DefaultCPUAllocator: can't allocate memory: you tried to allocate 9 bytes.",
    ],
)
def test_a_server_that_runs_out_of_memory_says_so(
    config: ServeConfig, program: list[str], words: str
) -> None:
    noise = "; print('(EngineCore) Traceback', *range(99), sep='\\n')" + "; raise SystemExit(1)"
    error = failure(config, program, f"print({words!r}){noise}")
    assert error.message.startswith("the server ran out of memory: ")
    assert words[-30:] in error.message
    assert "--max-model-len" in error.hint


def test_a_server_that_is_killed_may_have_run_out_of_memory(config: ServeConfig, program: list[str]) -> None:
    error = failure(config, program, "import os; os.kill(os.getpid(), 9)")
    assert "run out of memory" in error.message


def test_a_port_that_is_taken_meanwhile_is_an_error(config: ServeConfig, program: list[str]) -> None:
    error = failure(config, program, "raise OSError(98, 'Address already in use')")
    assert "Address already in use" in error.message
    assert "--port" in error.hint


def test_the_servers_output_is_passed_on(config: ServeConfig, program: list[str]) -> None:
    program.append("print('loading', flush=True)" + HEALTHY)
    output = io.BytesIO()
    with serving(config, output):
        pass
    assert output.getvalue().startswith(b"loading\n")


def test_a_server_with_much_output_is_never_blocked(config: ServeConfig, program: list[str]) -> None:
    program.append("print('word ' * 200_000, flush=True)" + HEALTHY)
    with serving(config) as server:
        assert server.process.poll() is None


def test_processes_that_the_server_started_end_with_it(
    config: ServeConfig, program: list[str], tmp_path: Path
) -> None:
    sleeper = "import subprocess; p = subprocess.Popen(['sleep', '60']); open('pid', 'w').write(str(p.pid))"
    program.append(sleeper + HEALTHY)
    with serving(config):
        pid = int((tmp_path / "pid").read_text())
        os.kill(pid, 0)
    deadline = time.monotonic() + 5
    while _runs(pid):
        assert time.monotonic() < deadline


def _runs(pid: int) -> bool:
    """A process that has ended stays a zombie until its new parent collects it."""
    status = Path(f"/proc/{pid}/stat")
    return status.exists() and status.read_text().split()[2] != "Z"


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a child that its parent was killed")
def test_a_server_ends_if_its_parent_is_killed(tmp_path: Path) -> None:
    parent = (
        "import os, sys, time; from raif.serve import process, backends; from pathlib import Path\n"
        "command = backends.Command([sys.executable, '-c', 'import time; time.sleep(60)'], Path.cwd(), 'm')\n"
        "print(process._started(command).pid, flush=True); os.kill(os.getpid(), 9)"
    )
    killed = subprocess.run([sys.executable, "-c", parent], capture_output=True, text=True, check=False)
    deadline = time.monotonic() + 5
    while _runs(int(killed.stdout)):
        assert time.monotonic() < deadline


def test_the_example_names_the_keys_variable_and_not_the_key(
    config: ServeConfig, program: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SERVER_KEY", "secret")
    program.append(HEALTHY)
    with serving(config.model_copy(update={"api_key_env": "SERVER_KEY"})) as server:
        assert '"Authorization: Bearer $SERVER_KEY"' in server.example
        assert "secret" not in server.example


def test_a_server_that_is_never_ready_is_given_up(config: ServeConfig, program: list[str]) -> None:
    program.append("import time; time.sleep(60)")
    impatient = config.model_copy(update={"startup_timeout": 0.3})
    with pytest.raises(RaifError, match=r"not ready within 0\.3 seconds"), serving(impatient):
        pass


def test_a_free_port_is_not_one_that_the_system_hands_out(
    config: ServeConfig, program: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Until a server listens, another program could be given it, and be taken for the server."""
    program.append(HEALTHY)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        busy, free = taken.getsockname()[1], 31_999
        monkeypatch.setattr(process.random, "sample", lambda ports, count: [busy, free])
        assert busy not in process.GIVEN_TO_NOBODY
        with serving(config) as server:
            assert server.base_url == f"http://127.0.0.1:{free}/v1"


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
