"""Rollouts on servers: whose weights answer, what a failure says, which servers are waited for."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytest

from raif.config.rollout import RolloutConfig
from raif.errors import EndpointError
from raif.models.load import Model
from raif.train.optim.lora import merged
from raif.train.samplers.http import Server, ServerGone
from raif.train.samplers.server import ServerSampler, divide
from raif.train.samplers.transfer import DiskTransfer
from tests.rollout_server import RolloutServer, rollout_server, start, stop
from tests.train.samplers.conftest import largest_difference, move

PROMPTS = [[5, 6, 7], [8, 9, 10, 11, 12, 13], [14]]


@pytest.fixture
def server(tiny_folder: Path) -> Iterator[RolloutServer]:
    with rollout_server(tiny_folder) as running:
        yield running


def sampler(
    policy: Model, folder: Path, *urls: str, said: list[str] | None = None, **keys: Any
) -> ServerSampler:
    config = RolloutConfig.model_validate(
        {"engine": "vllm_server", "max_new_tokens": 8, "vllm": {"urls": urls, "restart_timeout": 0, **keys}}
    )
    transfer = DiskTransfer(lambda: dict(merged(policy.net)), folder, timeout=10)
    return ServerSampler(
        config, transfer, end_ids=policy.end_ids, say=said.append if said is not None else str
    )


def test_the_policys_new_weights_answer(tiny: Model, server: RolloutServer, tmp_path: Path) -> None:
    s = sampler(tiny, tmp_path, server.url)
    for seed in (1, 2):
        move(tiny, seed)
        s.sync()
        assert largest_difference(tiny, PROMPTS, s.sample(PROMPTS, [2, 2, 2], seed=0)) < 1e-4


def test_only_the_newest_weights_are_kept(tiny: Model, server: RolloutServer, tmp_path: Path) -> None:
    s = sampler(tiny, tmp_path, server.url)
    for _ in range(3):
        s.sync()
    assert [f.name for f in tmp_path.iterdir()] == [f"weights-{server.version}.safetensors"]


def test_every_update_is_followed_by_a_reset_of_the_prefix_cache(
    tiny: Model, server: RolloutServer, tmp_path: Path
) -> None:
    sampler(tiny, tmp_path, server.url).sync()
    assert server.asked[-2:] == ["/finish_weight_update", "/reset_prefix_cache"]


def test_one_seed_samples_the_same_again_and_each_prompt_has_its_count(
    tiny: Model, server: RolloutServer, tmp_path: Path
) -> None:
    s = sampler(tiny, tmp_path, f"{server.url}/v1")
    s.sync()
    first, second, other = (s.sample(PROMPTS, [1, 3, 2], seed=seed) for seed in (7, 7, 8))
    assert first == second != other
    assert [len(each) for each in first] == [1, 3, 2]


def test_several_servers_share_a_rollout_and_have_the_same_weights(
    tiny: Model, tiny_folder: Path, tmp_path: Path
) -> None:
    with rollout_server(tiny_folder) as one, rollout_server(tiny_folder) as two:
        s = sampler(tiny, tmp_path, one.url, two.url)
        move(tiny)
        s.sync()
        sampled = s.sample(PROMPTS, [4, 2, 2], seed=0)
        assert largest_difference(tiny, PROMPTS, sampled) < 1e-4
        assert one.responses == two.responses == 4


def test_prompts_go_where_the_fewest_responses_wait() -> None:
    one, two = Server("http://one"), Server("http://two")
    assert divide([one, two], [6, 2, 6, 2]) == [one, two, two, one]


def test_ranks_with_few_prompts_share_all_servers() -> None:
    one, two = Server("http://one"), Server("http://two")
    assert [divide([one, two], [6], rank) for rank in range(3)] == [[one], [two], [one]]


def test_a_restarted_server_gets_the_newest_weights(tiny: Model, tiny_folder: Path, tmp_path: Path) -> None:
    said: list[str] = []
    first = start(tiny_folder)
    s = sampler(tiny, tmp_path, first.url, said=said)
    move(tiny)
    s.sync()
    stop(first)
    again = start(tiny_folder, port=first.server_port)
    try:
        sampled = s.sample(PROMPTS, [2, 2, 2], seed=0)
    finally:
        stop(again)
    assert largest_difference(tiny, PROMPTS, sampled) < 1e-4
    assert said == [f"{first.url} was restarted: it gets the weights again", "training"]


def test_a_server_that_is_restarted_in_mid_rollout_is_waited_for(
    tiny: Model, tiny_folder: Path, tmp_path: Path
) -> None:
    said: list[str] = []
    first = start(tiny_folder)
    s = sampler(tiny, tmp_path, first.url, said=said, restart_timeout=20)
    move(tiny)
    s.sync()
    expected = s.sample(PROMPTS, [2, 2, 2], seed=0)
    first.dies_at = "/v1/completions"
    again: list[RolloutServer] = []
    threading.Timer(1.5, lambda: again.append(start(tiny_folder, port=first.server_port))).start()
    try:
        assert s.sample(PROMPTS, [2, 2, 2], seed=0) == expected
    finally:
        stop(again[0])
    assert said[0].startswith(f"waiting for a rollout server: {first.url}: the rollout server is gone")


@pytest.mark.parametrize("path", ["/start_weight_update", "/update_weights", "/finish_weight_update"])
def test_a_server_that_is_restarted_in_mid_update_is_waited_for(
    tiny: Model, server: RolloutServer, tiny_folder: Path, tmp_path: Path, path: str
) -> None:
    first = start(tiny_folder)
    s = sampler(tiny, tmp_path, server.url, first.url, restart_timeout=20)
    move(tiny)
    first.dies_at = path
    again: list[RolloutServer] = []
    threading.Timer(1.5, lambda: again.append(start(tiny_folder, port=first.server_port))).start()
    try:
        s.sync()
        assert largest_difference(tiny, PROMPTS, s.sample(PROMPTS, [2, 2, 2], seed=0)) < 1e-4
        assert again[0].version == server.version
    finally:
        stop(again[0])


def test_a_dead_server_ends_the_wait_with_what_to_do(tiny: Model, tiny_folder: Path, tmp_path: Path) -> None:
    first = start(tiny_folder)
    s = sampler(tiny, tmp_path, first.url, restart_timeout=0.6)
    s.sync()
    first.dies_at = "/v1/completions"
    began = time.monotonic()
    with pytest.raises(ServerGone, match=r"is gone .*waited 0.6 seconds") as raised:
        s.sample(PROMPTS * 4, [2, 2, 2] * 4, seed=0)
    assert "--resume" in raised.value.hint
    assert time.monotonic() - began < 5


def test_a_failed_update_is_reported_in_the_servers_own_words(
    tiny: Model, server: RolloutServer, tmp_path: Path
) -> None:
    server.failures["/update_weights"] = 500, {"error": {"message": "no space left", "code": 500}}
    with pytest.raises(EndpointError, match="update_weights: HTTP 500: no space left"):
        sampler(tiny, tmp_path, server.url).sync()


def test_an_update_that_a_killed_trainer_left_open_is_closed(
    tiny: Model, server: RolloutServer, tmp_path: Path
) -> None:
    server.updating = True
    s = sampler(tiny, tmp_path, server.url)
    move(tiny)
    s.sync()
    assert largest_difference(tiny, PROMPTS, s.sample(PROMPTS, [1, 1, 1], seed=0)) < 1e-4


def test_a_refused_request_is_not_asked_again(tiny: Model, server: RolloutServer, tmp_path: Path) -> None:
    s = sampler(tiny, tmp_path, server.url)
    s.sync()
    server.failures["/v1/completions"] = 400, {"error": {"message": "the prompt is too long"}}
    with pytest.raises(EndpointError, match="completions: HTTP 400: the prompt is too long"):
        s.sample(PROMPTS[:1], [1], seed=0)


def test_a_server_whose_engine_died_is_waited_for(tiny: Model, server: RolloutServer, tmp_path: Path) -> None:
    s = sampler(tiny, tmp_path, server.url, restart_timeout=20)
    s.sync()
    expected = s.sample(PROMPTS, [1, 1, 1], seed=0)

    def die(body: Any) -> tuple[int, Any]:
        server.v1_completions = sound  # type: ignore[method-assign]
        server.failures = {"/weight_info": (500, {"error": {"message": "dead"}}), "/health": (503, None)}
        return 500, {"error": {"message": "EngineCore encountered an issue"}}

    sound, server.v1_completions = server.v1_completions, die  # type: ignore[method-assign]
    assert s.sample(PROMPTS, [1, 1, 1], seed=0) == expected


def test_a_server_without_weight_endpoints_gets_a_hint_at_rollout_servers(
    tiny: Model, server: RolloutServer, tmp_path: Path
) -> None:
    server.failures["/init_weight_transfer_engine"] = 404, {"detail": "Not Found"}
    with pytest.raises(EndpointError, match="404") as raised:
        sampler(tiny, tmp_path, server.url).sync()
    assert "--rollout" in raised.value.hint


def test_every_request_has_the_key(
    tiny: Model, server: RolloutServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ROLLOUT_KEY", "secret")
    s = sampler(tiny, tmp_path, server.url, api_key_env="ROLLOUT_KEY")
    s.sync()
    s.sample(PROMPTS, [1, 1, 1], seed=0)
    assert server.keys == {"Bearer secret"}


def test_silence_ends_with_a_timeout_and_the_health_check_waits_no_longer() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        began = time.monotonic()
        with pytest.raises(EndpointError, match=r"/update_weights: no answer within 0.3 seconds; .*/health"):
            Server(url).post("/update_weights", {}, timeout=0.3)
    assert time.monotonic() - began < 2


def test_a_slow_server_that_is_healthy_says_what_to_raise(
    server: RolloutServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server, "update_weights", lambda body: (time.sleep(1), (200, {}))[1])
    monkeypatch.setattr(server, "lock", nullcontext())
    with pytest.raises(EndpointError, match=r"no answer within 0.2 seconds; its health check passes"):
        Server(server.url).post("/update_weights", {}, timeout=0.2)


def test_an_answer_that_is_not_json_is_an_error_with_what_to_start() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other, ThreadPoolExecutor() as pool:
        pool.submit(_reply, other, b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n<p/>")
        with pytest.raises(EndpointError, match="/health: the answer is not JSON") as raised:
            Server(f"http://127.0.0.1:{other.getsockname()[1]}").get("/health")
    assert "--rollout" in raised.value.hint


@pytest.mark.parametrize("reply", [b"", b"HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\nten bytes."])
def test_a_connection_that_is_lost_in_the_middle_of_an_answer_is_a_server_that_is_gone(reply: bytes) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other, ThreadPoolExecutor() as pool:
        pool.submit(_reply, other, reply)
        with pytest.raises(ServerGone, match="the rollout server is gone"):
            Server(f"http://127.0.0.1:{other.getsockname()[1]}").get("/health")


def _reply(server: socket.socket, text: bytes) -> None:
    connection, _ = server.accept()
    with connection:
        connection.recv(1 << 16)
        connection.sendall(text)


def test_a_rollout_server_is_asked_without_the_environments_proxies(
    server: RolloutServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    assert Server(server.url).weight_version() == "default"
