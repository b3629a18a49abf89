"""Requests to an ASGI application in this process."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import httpx2

from raif.serve.middleware import App


def ask(app: App, path: str, body: Any = None) -> tuple[int, Any]:
    """The status and the JSON of a reply; of a stream its events. A body means POST."""

    async def sent() -> httpx2.Response:
        transport = httpx2.ASGITransport(app=app, raise_app_exceptions=False)  # type: ignore[arg-type]
        async with httpx2.AsyncClient(transport=transport, base_url="http://server") as client:
            if body is None:
                return await client.get(path)
            text = body if isinstance(body, bytes) else json.dumps(body).encode()
            return await client.post(path, content=text, timeout=60)

    reply = asyncio.run(sent())
    if reply.headers["content-type"].startswith("text/event-stream"):
        events = reply.text.split("\n\n")
        assert events[-2:] == ["data: [DONE]", ""]
        return reply.status_code, [json.loads(event.removeprefix("data: ")) for event in events[:-2]]
    return reply.status_code, reply.json()
