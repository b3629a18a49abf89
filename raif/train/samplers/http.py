"""One vLLM server over HTTP: each wait is bounded, each failure told in the server's own words."""

from __future__ import annotations

import http.client
import json
import time
import urllib.error
import urllib.request
from typing import Any

from raif.errors import EndpointError

SHORT = 10.0
"""Seconds for what a server answers at once."""
_START = "Start it (raif serve MODEL --backend vllm --rollout), then go on with --resume."
_LOG = "The server's own log says more."
_OTHER = "A rollout server is started by `raif serve MODEL --backend vllm --rollout`: others take no weights."
_HINTS = {401: "Put its key into the environment variable that rollout.vllm.api_key_env names.", 404: _OTHER}
# Straight to the server: a proxy that the environment names has no business here.
_open = urllib.request.build_opener(urllib.request.ProxyHandler({})).open


class ServerGone(EndpointError):
    """Nothing listens there any more, or the connection was lost in the middle of an answer."""


class Server:
    """A rollout server at `url`, with or without the /v1 that clients of its API add."""

    def __init__(self, url: str, key: str | None = None) -> None:
        self.url = url.rstrip("/").removesuffix("/v1")
        authorization = {"Authorization": f"Bearer {key}"} if key else {}
        self._headers = {"Content-Type": "application/json", **authorization}

    def get(self, path: str) -> Any:
        return self._ask(path, None, SHORT)

    def post(self, path: str, body: dict[str, Any], *, timeout: float) -> Any:
        """The answer to `body`. Raises ServerGone, or EndpointError for a refusal and for silence."""
        return self._ask(path, json.dumps(body).encode(), timeout)

    def wait(self, timeout: float) -> None:
        """Until it is healthy. Raises ServerGone after `timeout` seconds."""
        deadline = time.monotonic() + timeout
        while True:
            try:
                self.get("/health")
                return
            except EndpointError as error:
                if time.monotonic() >= deadline:
                    raise ServerGone(f"{error.message} (waited {timeout:g} seconds)", _START) from error
            time.sleep(0.5)

    def weight_version(self) -> str:
        """The name of the weights that it answers with, as given to `finish_weight_update`."""
        return str(self.get("/weight_info")["weight_version"])

    def reset_prefix_cache(self) -> None:
        """Forget the keys and values of old weights, which an update leaves in the cache of prompts."""
        if not self.post("/reset_prefix_cache", {}, timeout=SHORT)["success"]:
            raise EndpointError(
                f"{self.url} did not reset its prefix cache: it still works on requests",
                "Let no one else use a rollout server.",
            )

    def _ask(self, path: str, body: bytes | None, timeout: float) -> Any:
        request = urllib.request.Request(self.url + path, body, self._headers)
        try:
            with _open(request, timeout=timeout) as response:
                return json.loads(response.read() or b"null")
        except urllib.error.HTTPError as error:
            kind = ServerGone if error.code == 503 else EndpointError
            hint = _HINTS.get(error.code, _LOG)
            raise kind(f"{request.full_url}: HTTP {error.code}: {_words(error)}", hint) from error
        except (OSError, http.client.HTTPException) as error:
            reason = error.reason if isinstance(error, urllib.error.URLError) else error
            if isinstance(reason, TimeoutError):
                raise self._silent(path, timeout) from error
            raise ServerGone(f"{self.url}: the rollout server is gone ({reason!r})", _START) from error
        except ValueError as error:
            raise EndpointError(f"{request.full_url}: the answer is no JSON", _OTHER) from error

    def _silent(self, path: str, timeout: float) -> EndpointError:
        health = "" if path == "/health" else f"; {self._health()}"
        return EndpointError(f"{self.url}{path}: no answer within {timeout:g} seconds{health}", _LOG)

    def _health(self) -> str:
        try:
            self.get("/health")
        except EndpointError as error:
            return error.message
        return "asked for its health it says that it is well: raise the timeout if it is only slow"


def _words(error: urllib.error.HTTPError) -> str:
    text = error.read().decode("utf-8", "replace")
    try:
        body = json.loads(text)
    except ValueError:
        return text.strip() or error.reason
    inner = body.get("error", body) if isinstance(body, dict) else body
    return str(inner.get("message", inner) if isinstance(inner, dict) else inner)
