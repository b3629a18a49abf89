"""What a server says of a model in its list of models. vLLM says how long its context is."""

from __future__ import annotations

import json
from typing import Any

from raif.client.chat import key_of
from raif.client.proxies import is_here
from raif.config.models import EndpointConfig

TIMEOUT = 10.0
"""Seconds. Nothing depends on the answer."""
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
        listed = found.json()["data"] if found.is_success else []
        entry = next((one for one in listed if one["id"] == model), None)
    except (httpx2.HTTPError, httpx2.InvalidURL, OSError, ValueError, LookupError, TypeError, ImportError):
        return None  # the last for a proxy that can't be used
    if entry is None:
        return None
    kept = {name: value for name, value in entry.items() if name not in {"permission", "object", "created"}}
    return kept if len(json.dumps(kept)) <= LONGEST else {"id": model}
