"""The server as a child process: started, watched until it is healthy, ended together with its parent.

If it ends before it is ready, its own output is searched for the reason.
"""

from __future__ import annotations

import ctypes
import json
import os
import random
import re
import shlex
import signal
import socket
import subprocess
import sys
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from threading import Thread
from typing import IO

from raif.config.serve import ServeConfig
from raif.errors import RaifError
from raif.serve import backends

GRACE = 10.0
"""Seconds that the server has to end after it is asked to."""
KEPT = 400
"""How many of the server's last lines are searched: vLLM reports the cause long before it ends."""
SHOWN = 12
"""How many lines are shown if no cause is found."""
PATIENCE = 5.0
"""Seconds to wait for the last lines. Processes that the server left behind may hold its output open."""
SLEEPING = {"OMP_WAIT_POLICY": "passive"}
"""Threads that wait for others leave their core to them, unless the user wants it otherwise."""
GIVEN_TO_NOBODY = range(16_000, 32_000)
"""Ports below those that systems hand out. A server takes a minute until it listens on its own, and another
program that is given the port meanwhile would be taken for it."""
_SET_PARENT_DEATH_SIGNAL = 1

_MEMORY = re.compile(
    r"out of memory|OutOfMemory|no available memory|not enough (?:\w+ )?memory|can't allocate memory"
    r"|cannot allocate memory|is larger than the available KV cache|less than desired \w+ memory"
    r"|less than the engine's budget|MemoryError|'EngineCore\w*': -9",
    re.IGNORECASE,
)
_PORT = re.compile(r"address already in use", re.IGNORECASE)
_PREFIX = re.compile(r"^.*?(?:Error|ERROR)[^:]*: ")
_LESS = (
    "Lower --max-model-len, share the model among GPUs (--tensor-parallel), stop other programs that use the "
    "memory, or limit vLLM's share, also on a CPU: `raif serve MODEL -- --gpu-memory-utilization 0.5`."
)
_OTHER_PORT = "Choose another --port (0: any free one)."


@dataclass(frozen=True, slots=True)
class Server:
    """A running server."""

    process: subprocess.Popen[bytes]
    base_url: str
    model: str | None
    api_key_env: str | None = None

    @property
    def example(self) -> str:
        """A request to try, as a shell command."""
        if self.model:
            url = f"{self.base_url}/chat/completions"
            body: object = {"model": self.model, "messages": [{"role": "user", "content": "Hello!"}]}
        else:
            url = self.base_url
            record = {"constraints": [{"id": "punctuation:no_comma"}], "response": "Tea, please."}
            body = {"records": [record]}
        key = f' -H "Authorization: Bearer ${self.api_key_env}"' if self.api_key_env else ""
        text = shlex.quote(json.dumps(body))
        return f"curl {url} -H 'Content-Type: application/json'{key} -d {text}"


@contextmanager
def serving(config: ServeConfig, output: IO[bytes] | None = None) -> Iterator[Server]:
    """Start the server, yield it once it is healthy, stop it at the end. Its own messages go to `output`.

    Raises ConfigError if the model is not a checkpoint, MissingDependency if the server's packages are not
    installed, RaifError if the port is taken, memory is short, or the server ends or is not ready in time.
    """
    import httpx2

    port = _free_port(config.host, config.port)
    command = backends.command(config, port)
    process = _started(command)
    assert process.stdout is not None
    said = Output(process.stdout, output)
    try:
        host = "127.0.0.1" if config.host == "0.0.0.0" else config.host
        url = f"http://{host}:{port}"
        deadline = time.monotonic() + config.startup_timeout
        # Plain HTTP, and without the environment's proxies: they must not come between us and our server.
        with httpx2.Client(trust_env=False, verify=False) as client:
            while True:
                with suppress(httpx2.HTTPError):
                    if client.get(f"{url}/health", timeout=5).status_code == 200:
                        break
                if process.poll() is not None:
                    raise said.explained(process.returncode)
                if time.monotonic() > deadline:
                    raise RaifError(
                        f"the server was not ready within {config.startup_timeout:g} seconds",
                        "Raise --set startup_timeout=SECONDS.",
                    )
                time.sleep(0.2)
        base = f"{url}/v1" if command.model else f"{url}/rewards"
        yield Server(process, base, command.model, config.api_key_env)
    finally:
        process.terminate()
        with suppress(subprocess.TimeoutExpired):
            process.wait(GRACE)
        with suppress(ProcessLookupError):  # and the processes that it started
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        said.wait()


def _started(command: backends.Command) -> subprocess.Popen[bytes]:
    # In its own session: Ctrl-C reaches only this process, which then stops the server once and in order.
    end_with_parent = None
    if sys.platform == "linux":  # which then ends the server even if its parent is killed
        end_with_parent = partial(ctypes.CDLL(None).prctl, _SET_PARENT_DEATH_SIGNAL, signal.SIGTERM)
    return subprocess.Popen(
        command.arguments,
        cwd=command.folder,
        env={**SLEEPING, **os.environ, **command.environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
        preexec_fn=end_with_parent,
    )


def _free_port(host: str, port: int) -> int:
    """The port itself, or a free one for 0. Raises RaifError if it can't be listened on."""
    *others, last = [port] if port else random.sample(GIVEN_TO_NOBODY, 20)
    for one in others:
        with suppress(RaifError):
            return _listened(host, one)
    return _listened(host, last)


def _listened(host: str, port: int) -> int:
    """The port, after it was listened on for a moment."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise RaifError(f"can't listen on {host}:{port}: {error.strerror}", _OTHER_PORT) from None
    return port


class Output:
    """Copies a server's output to `copy` as it arrives, and keeps the last lines."""

    def __init__(self, source: IO[bytes], copy: IO[bytes] | None) -> None:
        self._last: deque[str] = deque(maxlen=KEPT)
        # A thread that reads to the very end: a server must never wait for a reader.
        self._reader = Thread(target=self._read, args=(source, copy), daemon=True)
        self._reader.start()

    def _read(self, source: IO[bytes], copy: IO[bytes] | None) -> None:
        with source:
            for line in source:
                self._last.append(line.decode("utf-8", "replace").rstrip())
                if copy:
                    copy.write(line)
                    copy.flush()

    def wait(self) -> None:
        """Wait for the last lines: a thread that is still writing can disturb the program's exit."""
        self._reader.join(PATIENCE)

    def explained(self, code: int) -> RaifError:
        """Why a server ended before it was ready, in its own words. `code`: its exit code."""
        self.wait()
        if line := self._find(_MEMORY):
            return RaifError(f"the server ran out of memory: {line}", _LESS)
        if code == -signal.SIGKILL:
            return RaifError(
                "the server was killed before it was ready: the system may have run out of memory",
                _LESS,
            )
        if line := self._find(_PORT):
            return RaifError(f"the server can't listen: {line}", _OTHER_PORT)
        last = "\n".join(list(self._last)[-SHOWN:])
        return RaifError(
            f"the server ended before it was ready (exit code {code})", f"Its last output:\n{last}"
        )

    def _find(self, pattern: re.Pattern[str]) -> str | None:
        found = next((line for line in self._last if pattern.search(line)), None)
        return found and _PREFIX.sub("", found)
