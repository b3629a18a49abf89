"""How soon a server is ready, and its tokens per second with and without splitting off the reasoning.

    python benchmarks/serve_speed.py MODEL transformers
    python benchmarks/serve_speed.py MODEL vllm --enforce-eager --gpu-memory-utilization 0.3

MODEL is a chat model's folder, or packaged:smollm2-135m; arguments after the back-end go to vLLM. The
first requests warm the server up and don't count.
"""

from __future__ import annotations

import asyncio
import sys
import time
from typing import Any

from openai import AsyncOpenAI

from raif.config.serve import ServeConfig
from raif.serve import Server, serving

REQUESTS = {"transformers": 4, "vllm": 128}
TOKENS, AT_ONCE = 128, 64


async def _asked(client: AsyncOpenAI, slots: asyncio.Semaphore, request: dict[str, Any]) -> int:
    """The number of tokens in the answer."""
    async with slots:
        answer = await client.chat.completions.create(**request)
        if not request.get("stream"):
            return answer.usage.completion_tokens
        used = [chunk.usage async for chunk in answer if chunk.usage]
        return used[-1].completion_tokens


async def _speed(server: Server, count: int, **more: Any) -> float:
    """Tokens per second over `count` requests."""
    slots = asyncio.Semaphore(AT_ONCE)
    request = {"model": server.model, "max_tokens": TOKENS, **more}
    turns = [[{"role": "user", "content": f"Write about the number {n}."}] for n in range(count)]
    async with AsyncOpenAI(base_url=server.base_url, api_key="none", timeout=600) as client:
        start = time.perf_counter()
        tokens = await asyncio.gather(*(_asked(client, slots, request | {"messages": t}) for t in turns))
        return sum(tokens) / (time.perf_counter() - start)


def main(model: str, backend: str, *arguments: str) -> None:
    count = REQUESTS[backend]
    whole = {"extra_body": {"ignore_eos": True}} if backend == "vllm" else {}
    streamed = whole | {"stream": True, "stream_options": {"include_usage": True}}
    for think in ("none", "tagged"):
        config = {"model": model, "backend": backend, "think": think, "port": 0, "arguments": arguments}
        start = time.perf_counter()
        with serving(ServeConfig.model_validate(config)) as server:
            print(f"{backend}, think {think}: ready after {time.perf_counter() - start:.1f} s", flush=True)
            asyncio.run(_speed(server, count, **whole))
            for name, more in (("whole", whole), ("streamed", streamed)):
                speed = asyncio.run(_speed(server, count, **more))
                print(f"  {speed:.0f} tokens/s, {name}, {count} requests", flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
