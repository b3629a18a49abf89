"""A checkpoint behind an OpenAI-compatible endpoint: the server runs as a child and ends with its parent.

A back-end is a function from the config and the port to a command. `transformers serve` answers one request
at a time, knows its model by the exact argument that it was started with, and takes a temperature only
where the checkpoint's generation_config.json has `do_sample: true`; without that it is greedy.
"""

from __future__ import annotations

import http.client
import json
import os
import shlex
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from raif.config.serve import ServeConfig
from raif.errors import ConfigError, RaifError, require

GRACE = 10.0
"""Seconds that the server has to end by itself."""


@dataclass(frozen=True, slots=True)
class Command:
    """How to start a server, and the name that clients must give as `model`."""

    arguments: list[str]
    folder: Path
    model: str


@dataclass(frozen=True, slots=True)
class Server:
    """A running server."""

    process: subprocess.Popen[bytes]
    base_url: str
    model: str

    @property
    def example(self) -> str:
        """A request that shows it working."""
        body = json.dumps({"model": self.model, "messages": [{"role": "user", "content": "Hello!"}]})
        url = f"{self.base_url}/chat/completions"
        return f"curl {url} -H 'Content-Type: application/json' -d {shlex.quote(body)}"


@contextmanager
def serving(config: ServeConfig, output: IO[bytes] | int | None = None) -> Iterator[Server]:
    """Start the server, yield it once it is healthy, stop it at the end. Its own messages go to `output`.

    Raises ConfigError where the folder is no checkpoint, MissingDependency where the server's packages
    are not installed, RaifError where the port is taken or the server ends or stays silent.
    """
    port = _free_port(config.host, config.port)
    command = _BACKENDS[config.backend](config, port)
    # Its own session: Ctrl-C reaches this process alone, which then ends the server once and in order.
    process = subprocess.Popen(
        command.arguments,
        cwd=command.folder,
        env={**os.environ, "HF_HUB_OFFLINE": "1", "HF_HUB_DISABLE_UPDATE_CHECK": "1"},
        stdout=output,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )
    try:
        _wait_until_healthy(process, _reachable(config.host), port, config.startup_timeout)
        yield Server(process, f"http://{_reachable(config.host)}:{port}/v1", command.model)
    finally:
        _stop(process)


def _transformers(config: ServeConfig, port: int) -> Command:
    require("torch", "transformers", "fastapi", "uvicorn", "accelerate", extra="serve")
    folder = _checkpoint(config.model)
    options = ["--host", config.host, "--port", str(port), "--dtype", config.dtype, "--device", config.device]
    # -P: a folder beside the checkpoint must not be imported as a module.
    program = [sys.executable, "-P", "-m", "transformers.cli.transformers", "serve"]
    # Started beside the folder, so that its bare name is the name that clients send.
    return Command([*program, *options, "--", folder.name], folder.parent, folder.name)


_BACKENDS: dict[str, Callable[[ServeConfig, int], Command]] = {"transformers": _transformers}


def _checkpoint(path: Path) -> Path:
    folder = path.resolve()
    if not (folder / "config.json").is_file():
        hint = (
            "Give the folder of a saved model; one from the hub: `hf download NAME --local-dir FOLDER` first."
        )
        raise ConfigError(f"{path}: no checkpoint (no config.json in it)", hint)
    if set("@:") & set(folder.name):
        raise ConfigError(
            f"{path}: the server would read {folder.name!r} as a name with a revision", "Rename it."
        )
    return folder


def _free_port(host: str, port: int) -> int:
    """The port itself, or any free one for 0. Raises RaifError where it can't be listened on."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise RaifError(
                f"can't listen on {host}:{port}: {error.strerror}", "Choose another --port."
            ) from None
        return int(probe.getsockname()[1])


def _reachable(host: str) -> str:
    return "127.0.0.1" if host == "0.0.0.0" else host


def _wait_until_healthy(process: subprocess.Popen[bytes], host: str, port: int, timeout: float) -> None:
    deadline = time.monotonic() + timeout
    while not _healthy(host, port):
        if process.poll() is not None:
            raise RaifError(
                f"the server ended before it was ready (exit code {process.returncode})",
                "See its words above.",
            )
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
    process.terminate()
    try:
        process.wait(GRACE)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
