"""The server as a child process: started, watched until it is healthy, ended with its parent."""

from __future__ import annotations

import ctypes
import http.client
import json
import os
import shlex
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import IO

from raif.config.serve import ServeConfig
from raif.errors import RaifError
from raif.serve import backends
from raif.serve.words import Words

GRACE = 10.0
"""Seconds that the server has to end by itself."""
_SET_PARENT_DEATH_SIGNAL = 1


@dataclass(frozen=True, slots=True)
class Server:
    """A running server."""

    process: subprocess.Popen[bytes]
    base_url: str
    model: str
    api_key_env: str | None = None

    @property
    def example(self) -> str:
        """A request that shows it working."""
        body = json.dumps({"model": self.model, "messages": [{"role": "user", "content": "Hello!"}]})
        key = f' -H "Authorization: Bearer ${self.api_key_env}"' if self.api_key_env else ""
        url = f"{self.base_url}/chat/completions"
        return f"curl {url} -H 'Content-Type: application/json'{key} -d {shlex.quote(body)}"


@contextmanager
def serving(config: ServeConfig, output: IO[bytes] | None = None) -> Iterator[Server]:
    """Start the server, yield it once it is healthy, stop it at the end. Its own messages go to `output`.

    Raises ConfigError where the model is no checkpoint, MissingDependency where the server's packages are not
    installed, RaifError where the port is taken, memory is short, or the server ends or stays silent.
    """
    port = _free_port(config.host, config.port)
    command = backends.command(config, port)
    process = _started(command)
    assert process.stdout is not None
    words = Words(process.stdout, output)
    try:
        host = _reachable(config.host)
        for _ in _until_healthy(host, port, config.startup_timeout):
            if process.poll() is not None:
                raise words.explained(process.returncode)
        yield Server(process, f"http://{host}:{port}/v1", command.model, config.api_key_env)
    finally:
        _stop(process)
        words.wait()


def _started(command: backends.Command) -> subprocess.Popen[bytes]:
    # Its own session: Ctrl-C reaches this process alone, which then ends the server once and in order.
    return subprocess.Popen(
        command.arguments,
        cwd=command.folder,
        env={**os.environ, **command.environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
        preexec_fn=_end_with_parent if sys.platform == "linux" else None,
    )


def _end_with_parent() -> None:
    """Linux ends the server even where its parent was killed."""
    ctypes.CDLL(None).prctl(_SET_PARENT_DEATH_SIGNAL, signal.SIGTERM)


def _free_port(host: str, port: int) -> int:
    """The port itself, or any free one for 0. Raises RaifError where it can't be listened on."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise RaifError(
                f"can't listen on {host}:{port}: {error.strerror}", "Choose another --port; 0: any free one."
            ) from None
        return int(probe.getsockname()[1])


def _reachable(host: str) -> str:
    return "127.0.0.1" if host == "0.0.0.0" else host


def _until_healthy(host: str, port: int, timeout: float) -> Iterator[None]:
    """Yields now and then until the server answers. Raises RaifError after `timeout` seconds."""
    deadline = time.monotonic() + timeout
    while not _healthy(host, port):
        yield
        if time.monotonic() > deadline:
            raise RaifError(
                f"the server was not ready within {timeout:g} seconds", "Raise --set startup_timeout=SECONDS."
            )
        time.sleep(0.2)


def _healthy(host: str, port: int) -> bool:
    # Straight to the socket: a proxy that the environment names has no business here.
    connection = http.client.HTTPConnection(host, port, timeout=5)
    try:
        connection.request("GET", "/health")
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def _stop(process: subprocess.Popen[bytes]) -> None:
    """End the server, and what is left of the processes that it started."""
    process.terminate()
    with suppress(subprocess.TimeoutExpired):
        process.wait(GRACE)
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
