"""A real vLLM rollout server on the CPU, which tests kill and start again."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from raif.serve.backends import ENVIRONMENT, for_cpu, rollout_arguments
from raif.train.samplers.http import Server

MEMORY = ["--kv-cache-memory-bytes", str(100 * 2**20), "--max-model-len", "2048", "--max-num-seqs", "16"]


@dataclass
class Running:
    """A vLLM server in its own process group. Its output goes to `log`."""

    folder: Path
    port: int
    log: Path

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        options = ["--port", str(self.port), "--dtype", "float32", "--enforce-eager", *MEMORY]
        cpu_arguments, cpu_environment = for_cpu()
        needed = [*rollout_arguments(), *cpu_arguments]
        environment = (
            ENVIRONMENT | cpu_environment | {"VLLM_CPU_OMP_THREADS_BIND": "nobind", "HF_HUB_OFFLINE": "1"}
        )
        module = "vllm.entrypoints.openai.api_server"
        self.process = subprocess.Popen(
            [sys.executable, "-m", module, "--model", str(self.folder), *options, *needed],
            env={**os.environ, **environment},
            stdout=self.log.open("ab"),
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )

    def kill(self) -> None:
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()


@contextmanager
def vllm_server(folder: Path, log: Path) -> Iterator[Running]:
    """A healthy server. It, or one that was started instead, is killed at the end of the block."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    server = Running(folder, port, log)
    server.start()
    try:
        Server(server.url).wait(900)
        yield server
    finally:
        if server.process.poll() is None:
            server.kill()
