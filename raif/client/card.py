"""What a server says of a model in its list of models, such as how long its context is."""

from __future__ import annotations

import json
from typing import Any

from raif.client.key import key_of
from raif.client.proxies import is_here
from raif.config.models import EndpointConfig

TIMEOUT = 10.0
"""Seconds. Without an answer, refusals say how long the context is."""
_CONTEXT = ("max_model_len", "context_length", "context_window", "max_context_length")
"""What servers call the tokens of prompt and reply together: vLLM and SGLang, OpenRouter, Groq, Mistral."""
LONGEST = 4000
"""Characters of an entry that are kept; permissions and the time of the request are not."""


def card(endpoint: EndpointConfig, model: str) -> dict[str, Any] | None:
    """The entry of a model; None if the server has no list, or no such model in it."""
    import httpx2

    headers = {"Authorization": f"Bearer {key_of(endpoint)}"}
    try:
        found = httpx2.get(
            f"{str(endpoint.base_url).rstrip('/')}/models",
            headers=headers,
            timeout=TIMEOUT,
            trust_env=not is_here(endpoint.base_url),
        )
    except (httpx2.HTTPError, httpx2.InvalidURL, OSError, ValueError, ImportError):
        return None  # the last for a proxy that can't be used
    return entry_of(found.content, model) if found.is_success else None


def entry_of(content: bytes, model: str) -> dict[str, Any] | None:
    """The entry of a model in a server's list; None if there is none."""
    try:
        entry = next((one for one in json.loads(content)["data"] if one["id"] == model), None)
    except (ValueError, LookupError, TypeError):
        return None
    if entry is None:
        return None
    kept = {name: value for name, value in entry.items() if name not in {"permission", "object", "created"}}
    if len(json.dumps(kept)) <= LONGEST:
        return kept
    return {name: value for name, value in kept.items() if name in ("id", *_CONTEXT)}


def context_of(entry: dict[str, Any] | None) -> int | None:
    """How long the context is according to a model's entry; None if it doesn't say."""
    found = ((entry or {}).get(name) for name in _CONTEXT)
    return next((size for size in found if isinstance(size, int) and size > 0), None)
