"""Rollout servers over HTTP. Every wait has a limit, and a failure is reported in the server's own words."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx2

from raif.errors import EndpointError

SHORT = 10.0
"""Seconds for requests that a server answers at once."""
HEALTH = 2.0
"""Seconds to ask a server for its health after it did not answer another request in time."""
_START = "Start it (raif serve MODEL --backend vllm --rollout), then resume the run with --resume."
_LOG = "The server's own log says more."
_OTHER = "Start a rollout server with `raif serve MODEL --backend vllm --rollout`: others take no weights."
_HINTS = {401: "Put its key into the environment variable that rollout.vllm.api_key_env names.", 404: _OTHER}


class ServerGone(EndpointError):
    """Nothing listens there any more, or the connection was lost in the middle of an answer."""


class Server:
    """A rollout server at `url`, with or without the /v1 that clients of its API add."""

    def __init__(self, url: str, key: str | None = None) -> None:
        self.url = url.rstrip("/").removesuffix("/v1")
        self._client = httpx2.Client(
            headers={b"Authorization": f"Bearer {key}".encode()} if key else None,
            verify=httpx2.create_ssl_context(),  # with the certificates that the environment names,
            trust_env=False,  # but without its proxies: they must not come between a trainer and its servers
            # A new connection for each request: one that was kept open may have died with the server.
            limits=httpx2.Limits(max_connections=None, max_keepalive_connections=0),
        )

    def get(self, path: str, *, timeout: float = SHORT) -> Any:
        return self._ask("GET", path, None, timeout)

    def post(self, path: str, body: dict[str, Any], *, timeout: float) -> Any:
        """The answer to `body`. Raises ServerGone, or EndpointError for a refusal or no answer in time."""
        return self._ask("POST", path, body, timeout)

    def wait(self, timeout: float) -> None:
        """Wait until the server is healthy. Raises ServerGone after `timeout` seconds."""
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
        """The name of the server's weights, as given to `finish_weight_update`."""
        return str(self.get("/weight_info")["weight_version"])

    def reset_prefix_cache(self) -> None:
        """Forget the old weights' keys and values, which an update leaves in the prefix cache."""
        if not self.post("/reset_prefix_cache", {}, timeout=SHORT)["success"]:
            raise EndpointError(
                f"{self.url} did not reset its prefix cache: it still works on requests",
                "Nobody else may use a rollout server during training.",
            )

    def _ask(self, method: str, path: str, body: dict[str, Any] | None, timeout: float) -> Any:
        url = self.url + path
        try:
            response = self._client.request(method, url, json=body, timeout=timeout)
        except httpx2.TimeoutException as error:
            health = f"; {self._health(min(timeout, HEALTH))}" if path != "/health" else ""
            raise EndpointError(f"{url}: no answer within {timeout:g} seconds{health}", _LOG) from error
        except (httpx2.HTTPError, httpx2.InvalidURL) as error:
            raise ServerGone(f"{self.url}: the rollout server is gone ({error!r})", _START) from error
        if not response.is_success:
            kind = ServerGone if response.status_code == 503 else EndpointError
            hint = _HINTS.get(response.status_code, _LOG)
            raise kind(f"{url}: HTTP {response.status_code}: {_reason(response)}", hint)
        try:
            return response.json() if response.content else None
        except ValueError as error:
            raise EndpointError(f"{url}: the answer is not JSON", _OTHER) from error

    def _health(self, timeout: float) -> str:
        try:
            self.get("/health", timeout=timeout)
        except EndpointError as error:
            return error.message
        return "its health check passes: if it is only slow, raise the timeout"


def _reason(response: httpx2.Response) -> str:
    """What the server says about a failure, without the JSON around it."""
    try:
        body = response.json()
    except ValueError:
        return response.text.strip() or response.reason_phrase
    inner = body.get("error", body) if isinstance(body, dict) else body
    return str(inner.get("message", inner) if isinstance(inner, dict) else inner)


class Fleet:
    """All rollout servers at once, for weight updates. It has the methods of vLLM's `VLLMWeightSyncClient`,
    so that vLLM's NCCL back-end can use it.

    `version` is the name of the weights that the next `finish_weight_update` completes.
    """

    def __init__(self, servers: Sequence[Server], *, timeout: float) -> None:
        self.servers, self._timeout = servers, timeout
        self.version = "none"

    def init_weight_transfer_engine(self, init_info: dict[str, Any]) -> None:
        """Each server's workers get ranks of their own, after those of the servers before it."""
        ranks: dict[str, int] = {}
        if "rank_offset" in init_info:
            first = int(init_info["rank_offset"])
            for server in self.servers:
                ranks[server.url] = first
                first += _world_size(server)

        def init(server: Server) -> None:
            own = {"rank_offset": ranks[server.url]} if ranks else {}
            self._post(server, "/init_weight_transfer_engine", {"init_info": init_info | own})

        self._each(init)

    def start_weight_update(self) -> None:
        def start(server: Server) -> None:
            try:
                self._post(server, "/start_weight_update", {})
            except (
                EndpointError
            ):  # a killed trainer left an update open, in which `raif_disk` did nothing yet
                self._post(server, "/finish_weight_update", {})
                self._post(server, "/start_weight_update", {})

        self._each(start)

    def update_weights(self, update_info: dict[str, Any]) -> None:
        self._each(lambda server: self._post(server, "/update_weights", {"update_info": update_info}))

    def finish_weight_update(self, weight_version: str | None = None) -> None:
        """From now on the new weights answer, and the caches hold nothing of the old ones."""

        def finish(server: Server) -> None:
            self._post(server, "/finish_weight_update", {"weight_version": self.version})
            server.reset_prefix_cache()

        self._each(finish)

    def workers(self) -> int:
        """How many processes of all servers hold weights."""
        return sum(_world_size(server) for server in self.servers)

    def _post(self, server: Server, path: str, body: dict[str, Any]) -> None:
        server.post(path, body, timeout=self._timeout)

    def _each(self, do: Callable[[Server], None]) -> None:
        with ThreadPoolExecutor(len(self.servers)) as pool:
            list(pool.map(do, self.servers))


def _world_size(server: Server) -> int:
    return int(server.get("/get_world_size")["world_size"])
