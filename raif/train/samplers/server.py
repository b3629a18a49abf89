"""One or several vLLM servers share a rollout. A server that is restarted gets the newest weights again."""

from __future__ import annotations

import os
import uuid
from collections.abc import Callable, Collection, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from threading import Lock

from raif.config.rollout import RolloutConfig
from raif.errors import EndpointError
from raif.models.decode import Completion
from raif.train.ranks import ALONE, Ranks
from raif.train.samplers.http import Server, ServerGone
from raif.train.samplers.sampler import (
    Completions,
    Progress,
    Sampler,
    SamplingRequest,
    greedily,
    requests,
    vllm_parameters,
)
from raif.train.samplers.transfer import Transfer


class ServerSampler(Sampler):
    """Sends token ids and receives token ids. `say` is called with what is waited for, and when training
    continues.
    """

    def __init__(
        self,
        config: RolloutConfig,
        transfer: Transfer,
        *,
        end_ids: Collection[int],
        say: Callable[[str], None],
        ranks: Ranks = ALONE,
    ) -> None:
        self._config, self._transfer, self._end_ids, self._say = config, transfer, end_ids, say
        self._ranks = ranks
        key = os.environ.get(config.vllm.api_key_env)
        self._servers = [Server(url, key) for url in config.vllm.urls]
        self._run, self._syncs, self._version = uuid.uuid4().hex[:8], 0, ""
        self._lock = Lock()
        self._lost: ServerGone | None = None

    def sample(self, prompts: Sequence[list[int]], counts: Sequence[int], *, seed: int) -> Completions:
        return list(self._answers(requests(prompts, counts, seed), self._config, len(prompts)))

    def greedy(
        self, prompts: Sequence[list[int]], *, max_new_tokens: int, batch: int, progress: Progress
    ) -> list[Completion]:
        asked = requests(prompts, [1] * len(prompts), 0)
        answers = self._answers(asked, greedily(self._config, max_new_tokens), batch * len(self._servers))
        found: list[Completion] = []
        for (completion,) in answers:
            found.append(completion)
            progress(len(found), len(prompts))
        return found

    def _answers(
        self, asked: Sequence[SamplingRequest], config: RolloutConfig, width: int
    ) -> Iterator[list[Completion]]:
        """The completions of each request, in order, of `width` requests at once."""
        for server in self._servers:
            self._revive(server)
        servers = divide(self._servers, [request.count for request in asked], self._ranks.rank)
        with ThreadPoolExecutor(width) as pool:
            yield from pool.map(partial(self._answer, config), servers, asked)

    def sync(self) -> None:
        """One rank sends the weights; all ranks know their version."""
        (self._version,) = self._ranks.together([None], lambda *_: [self._send()])

    def _send(self) -> str:
        for server in self._servers:
            self._await(server)
        self._syncs += 1
        self._version = f"{self._run}-{self._syncs}"  # no other run, and no new server, has this version
        try:
            self._transfer.send(self._servers, self._version)
        except ServerGone:
            for server in self._servers:
                self._revive(server)
        return self._version

    def _answer(self, config: RolloutConfig, server: Server, request: SamplingRequest) -> list[Completion]:
        try:
            return self._complete(config, server, request)
        except EndpointError as error:
            if not isinstance(error, ServerGone) and self._is_well(server):
                raise
            self._revive(server)
            return self._complete(config, server, request)

    def _complete(self, config: RolloutConfig, server: Server, request: SamplingRequest) -> list[Completion]:
        body = {
            "prompt": request.prompt,
            "return_token_ids": True,
            "return_tokens_as_token_ids": True,
            **vllm_parameters(request, config, self._end_ids),
        }
        answer = server.post("/v1/completions", body, timeout=self._config.vllm.request_timeout)
        return [
            Completion(
                list(choice["token_ids"]),
                list(choice["logprobs"]["token_logprobs"]),
                truncated=choice["finish_reason"] == "length",
            )
            for choice in sorted(answer["choices"], key=lambda choice: choice["index"])
        ]

    def _is_well(self, server: Server) -> bool:
        """A server whose engine died goes on answering for a while, not always by saying that it is gone."""
        try:
            return server.weight_version() == self._version
        except EndpointError:
            return False

    def _revive(self, server: Server) -> None:
        """Wait until the server is up, and send it the weights if it has others."""
        with self._lock:
            self._await(server)
            if server.weight_version() != self._version:
                self._say(f"{server.url} was restarted: it gets the weights again")
                self._transfer.restore(server, self._version)
                self._say("training")

    def _await(self, server: Server) -> None:
        """Wait until the server is up. Raises ServerGone if it stays away, and from then on immediately."""
        if self._lost:
            raise self._lost
        try:
            if wait_for(server, self._config, self._say):
                self._say("training")
        except ServerGone as lost:
            self._lost = lost
            raise


def wait_for(server: Server, config: RolloutConfig, say: Callable[[str], None]) -> bool:
    """True if the server had to be waited for. Raises ServerGone if it stays away."""
    try:
        server.get("/health")
    except EndpointError as error:
        say(f"waiting for a rollout server: {error.message}")
        server.wait(config.vllm.restart_timeout)
        return True
    return False


def contexts(config: RolloutConfig, say: Callable[[str], None]) -> Iterator[tuple[int, str]]:
    """The most tokens that each server reads, of a prompt with its response, and its address."""
    key = os.environ.get(config.vllm.api_key_env)
    for server in (Server(url, key) for url in config.vllm.urls):
        wait_for(server, config, say)
        for card in server.get("/v1/models")["data"]:
            if card.get("max_model_len"):
                yield card["max_model_len"], server.url


def divide(servers: Sequence[Server], counts: Sequence[int], rank: int = 0) -> list[Server]:
    """Which server answers each prompt: the one with the fewest responses so far.

    Each rank starts with another server, because it may have fewer prompts than there are servers.
    """
    first = rank % len(servers)
    load = dict.fromkeys([*servers[first:], *servers[:first]], 0)
    chosen = []
    for count in counts:
        server = min(load, key=lambda s: load[s])
        load[server] += count
        chosen.append(server)
    return chosen
