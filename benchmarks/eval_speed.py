"""Runs all eight benchmarks on `raif serve --backend vllm`, one model as policy and judge; kills and resumes.

    export RAIF_BENCHMARK_DATA=data
    python benchmarks/eval_speed.py MODEL --enforce-eager --gpu-memory-utilization 0.3

MODEL is a chat model's folder, or packaged:smollm2-135m; further arguments go to vLLM. First prints the time
of `raif eval all` on LIMIT items per benchmark, killed by SIGKILL and resumed, and the replies that the
server sent compared with those that were stored. Then prints the tokens per second of a plain client and of
`raif eval` on the same requests. The two alternate, because a machine's speed drifts.
"""

from __future__ import annotations

import asyncio
import json
import re
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import NamedTuple

from openai import AsyncOpenAI

from raif.config import load
from raif.config.eval import EvalConfig
from raif.config.serve import ServeConfig
from raif.eval.answers import Ask, collect
from raif.eval.responders import responder
from raif.eval.run import asks_of, plan
from raif.serve import Server, serving

REQUESTS, TOKENS, AT_ONCE, ROUNDS = 128, 128, 64, 4
LIMIT, KILLED_AFTER = 2, 20
RAIF = [sys.executable, "-c", "from raif_cli.main import run; run()"]


def _metric(server: Server, name: str) -> float:
    """The sum of one of the server's counters, without aborted requests."""
    text = urllib.request.urlopen(server.base_url.removesuffix("/v1") + "/metrics").read().decode()
    found = re.findall(rf"^vllm:{name}_total(\{{.*\}}) (\S+)$", text, re.MULTILINE)
    return sum(float(value) for labels, value in found if '"abort"' not in labels)


class Spent(NamedTuple):
    """The cost of some requests: seconds, this process's processor seconds, tokens from the server."""

    seconds: float
    own: float
    tokens: float


def _spent(server: Server, work: Callable[[], object]) -> Spent:
    before, start, own = _metric(server, "generation_tokens"), time.perf_counter(), time.process_time()
    work()
    tokens = _metric(server, "generation_tokens") - before
    return Spent(time.perf_counter() - start, time.process_time() - own, tokens)


def _plainly(server: Server, found: list[Ask]) -> None:
    asyncio.run(_plain(server, found))


async def _plain(server: Server, found: list[Ask]) -> None:
    """The same requests from a client that does nothing else."""
    slots = asyncio.Semaphore(AT_ONCE)
    async with AsyncOpenAI(base_url=server.base_url, api_key="none", timeout=600) as client:

        async def asked(ask: Ask) -> None:
            messages = [{"role": turn.role, "content": turn.content} for turn in ask.messages]
            async with slots:
                await client.chat.completions.create(
                    model=server.model, messages=messages, temperature=0, max_tokens=TOKENS
                )

        await asyncio.gather(*map(asked, found))


def suite(server: Server, folder: Path) -> None:
    url, short = server.base_url, f"sampling.max_tokens={TOKENS}"
    command = [*RAIF, "eval", "all", "--model", server.model, "--base-url", url, "--out", str(folder)]
    command += ["--judge-model", server.model, "--judge-url", url, "--limit", str(LIMIT), "--json"]
    command += ["--concurrency", str(AT_ONCE), "--judge-concurrency", str(AT_ONCE)]
    command += ["--set", short, "--set", f"judge.{short}"]
    before, start = _metric(server, "request_success"), time.perf_counter()
    first = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    while _kept(folder) < KILLED_AFTER and first.poll() is None:
        time.sleep(0.05)
    first.kill()
    first.wait()
    kept, killed = _kept(folder), time.perf_counter() - start
    print(f"killed after {killed:.0f} s, with {kept} replies kept", flush=True)
    report = subprocess.run([*command, "--resume"], check=True, stdout=subprocess.PIPE).stdout
    took = time.perf_counter() - start
    answered = _metric(server, "request_success") - before
    print(
        f"{len(json.loads(report)['reports'])} benchmarks in {took:.0f} s, {_kept(folder)} replies kept of "
        f"{answered:.0f} that the server gave; the others were not yet kept at the kill"
    )


def _kept(folder: Path) -> int:
    """Replies in the run's files; a judgment counts each of its attempts."""
    lines = [
        json.loads(line)
        for path in folder.glob("*/*.jsonl")
        if path.stem in ("responses", "judgments")
        for line in path.read_bytes().split(b"\n")[:-1]
    ]
    return sum(line.get("attempts", 1) for line in lines)


def speeds(server: Server, folder: Path) -> None:
    changed = [f"model={server.model}", f"endpoint.base_url={server.base_url}", f"limit={REQUESTS}"]
    changed += [f"endpoint.concurrency={AT_ONCE}", f"sampling.max_tokens={TOKENS}"]
    config = load(EvalConfig, "eval", preset="ifeval", overrides=changed)
    found = asks_of(plan(config), config)
    plain = partial(_plainly, server, found)
    plain()
    spent: dict[str, list[Spent]] = {"a plain client": [], "raif eval": []}
    for n in range(ROUNDS):
        evaluated = partial(collect, found, responder(config), folder / f"{n}.jsonl", _silent)
        works: list[tuple[str, Callable[[], object]]] = [("a plain client", plain), ("raif eval", evaluated)]
        for who, work in works if n % 2 else works[::-1]:
            spent[who].append(_spent(server, work))
    rates = {who: _shown(who, rounds) for who, rounds in spent.items()}
    print(f"{rates['raif eval'] / rates['a plain client']:.1%} of the plain client's throughput")


def _shown(who: str, rounds: list[Spent]) -> float:
    """Tokens a second over all rounds."""
    seconds, own, tokens = map(sum, zip(*rounds, strict=True))
    print(f"{tokens / seconds:.0f} tokens/s for {who}, which took {own / seconds:.1%} of a core", flush=True)
    return tokens / seconds


def _silent(done: int, total: int) -> None:
    """Show no progress."""


def main(model: str, *arguments: str) -> None:
    config = ServeConfig(model=model, backend="vllm", judge=True, think="none", port=0, arguments=arguments)
    start = time.perf_counter()
    with serving(config) as server, tempfile.TemporaryDirectory() as folder:
        print(f"ready after {time.perf_counter() - start:.0f} s", flush=True)
        suite(server, Path(folder) / "suite")
        speeds(server, Path(folder))


if __name__ == "__main__":
    main(*sys.argv[1:])
