"""A real HTTP server that takes weights and samples like a vLLM rollout server, with the tiny model."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import torch
from safetensors.torch import load_file

from raif.models.decode import Completion, decode
from raif.models.load import load

Answer = tuple[int, Any]


class RolloutServer(ThreadingHTTPServer):
    """`failures`: path -> status and body of the next answer."""

    daemon_threads = True
    request_queue_size = 64

    def __init__(self, folder: Path, port: int = 0) -> None:
        super().__init__(("127.0.0.1", port), _Handler)
        self.model = load(str(folder), dtype=torch.float32, device="cpu")
        self.version, self.updating = "default", False
        self.asked: list[str] = []
        self.responses = 0
        self.failures: dict[str, Answer] = {}
        self.dies_at: str | None = None
        self.keys: set[str | None] = set()
        self.context: int | None = None
        self.lock = threading.Lock()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def answer(self, path: str, body: dict[str, Any]) -> Answer:
        with self.lock:
            self.asked.append(path)
            if path in self.failures:
                return self.failures.pop(path)
            return getattr(self, path.strip("/").replace("/", "_"))(body)  # type: ignore[no-any-return]

    def health(self, body: Any) -> Answer:
        return 200, None

    def v1_models(self, body: Any) -> Answer:
        return 200, {"data": [{"id": "tiny", "max_model_len": self.context}]}

    def weight_info(self, body: Any) -> Answer:
        return 200, {"weight_version": self.version}

    def init_weight_transfer_engine(self, body: Any) -> Answer:
        return 200, {}

    def start_weight_update(self, body: Any) -> Answer:
        if self.updating:
            return 500, {"error": {"message": "a weight update is already active"}}
        self.updating = True
        return 200, {}

    def update_weights(self, body: Any) -> Answer:
        self.model.net.load_state_dict(load_file(body["update_info"]["file"]), strict=False)
        return 200, {}

    def finish_weight_update(self, body: Any) -> Answer:
        self.updating, self.version = False, body.get("weight_version", self.version)
        return 200, {}

    def reset_prefix_cache(self, body: Any) -> Answer:
        return 200, {"success": True}

    def v1_completions(self, body: Any) -> Answer:
        self.responses += body["n"]
        self.model.net.generation_config.eos_token_id = body["stop_token_ids"]
        (found,) = decode(
            self.model,
            [body["prompt"]],
            [body["n"]],
            max_new_tokens=body["max_tokens"],
            temperature=body["temperature"],
            seeds=[body["seed"]],
        )
        return 200, {"choices": [_choice(i, c) for i, c in enumerate(found)]}


def _choice(index: int, completion: Completion) -> dict[str, Any]:
    return {
        "index": index,
        "token_ids": completion.ids,
        "logprobs": {"token_logprobs": completion.logps},
        "finish_reason": "length" if completion.truncated else "stop",
    }


class _Handler(BaseHTTPRequestHandler):
    server: RolloutServer

    def do_GET(self) -> None:
        self._answer({})

    def do_POST(self) -> None:
        self._answer(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))

    def _answer(self, body: dict[str, Any]) -> None:
        path = urlsplit(self.path).path
        self.server.keys.add(self.headers.get("Authorization"))
        if path == self.server.dies_at:
            threading.Thread(target=stop, args=(self.server,)).start()
            self.connection.close()
            return
        status, answer = self.server.answer(path, body)
        text = json.dumps(answer).encode() if answer is not None else b""
        self.send_response(status)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, format: str, *args: Any) -> None:
        pass


def start(folder: Path, port: int = 0) -> RolloutServer:
    server = RolloutServer(folder, port)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    return server


def stop(server: RolloutServer) -> None:
    server.shutdown()
    server.server_close()


@contextmanager
def rollout_server(folder: Path) -> Iterator[RolloutServer]:
    server = start(folder)
    try:
        yield server
    finally:
        stop(server)
