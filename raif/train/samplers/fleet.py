"""All rollout servers at once, in the words of vLLM's weight updates."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from raif.errors import EndpointError
from raif.train.samplers.http import Server


class Fleet:
    """Servers that take over weights side by side; vLLM's `VLLMWeightSyncClient` for its NCCL back-end.

    `version` names the weights that the next `finish_weight_update` ends with.
    """

    def __init__(self, servers: Sequence[Server], *, timeout: float) -> None:
        self.servers, self._timeout = servers, timeout
        self.version = "none"

    def init_weight_transfer_engine(self, init_info: dict[str, Any]) -> None:
        """Each server's workers get ranks of their own, behind those of the servers before it."""
        ranks = self._ranks(int(init_info["rank_offset"])) if "rank_offset" in init_info else {}
        self._each(
            lambda server: self._post(
                server,
                "/init_weight_transfer_engine",
                {"init_info": {**init_info, **({"rank_offset": ranks[server.url]} if ranks else {})}},
            )
        )

    def start_weight_update(self) -> None:
        self._each(self._start)

    def update_weights(self, update_info: dict[str, Any]) -> None:
        self._each(lambda server: self._post(server, "/update_weights", {"update_info": update_info}))

    def finish_weight_update(self, weight_version: str | None = None) -> None:
        """The new weights answer from here on, and nothing of the old ones is left in the caches."""
        self._each(self._finish)

    def workers(self) -> int:
        """How many processes of all servers hold weights."""
        return sum(_world_size(server) for server in self.servers)

    def _start(self, server: Server) -> None:
        try:
            self._post(server, "/start_weight_update", {})
        except EndpointError:  # a trainer that was killed left an update open: `raif_disk` had not begun it
            self._post(server, "/finish_weight_update", {})
            self._post(server, "/start_weight_update", {})

    def _finish(self, server: Server) -> None:
        self._post(server, "/finish_weight_update", {"weight_version": self.version})
        server.reset_prefix_cache()

    def _ranks(self, first: int) -> dict[str, int]:
        ranks: dict[str, int] = {}
        for server in self.servers:
            ranks[server.url] = first
            first += _world_size(server)
        return ranks

    def _post(self, server: Server, path: str, body: dict[str, Any]) -> None:
        server.post(path, body, timeout=self._timeout)

    def _each(self, do: Callable[[Server], None]) -> None:
        with ThreadPoolExecutor(len(self.servers)) as pool:
            list(pool.map(do, self.servers))


def _world_size(server: Server) -> int:
    return int(server.get("/get_world_size")["world_size"])
