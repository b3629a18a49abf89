"""Keys for servers, from the environment."""

from __future__ import annotations

import os

from raif.config.models import EndpointConfig
from raif.errors import ConfigError


def key_of(endpoint: EndpointConfig) -> str:
    """The key for a server, "none" without one. Raises ConfigError, without the key, if it can't be one."""
    return key_in(endpoint.api_key_env) or "none"


def key_in(variable: str) -> str | None:
    """The key in an environment variable. Raises ConfigError, without the key, if it can't be one."""
    key = os.environ.get(variable)
    if key and (not (key.isascii() and key.isprintable()) or " " in key):
        raise ConfigError(
            f"the key in {variable} has a line break, a blank, or another character that no key has",
            f"Set it again, for example: export {variable}=\"$(tr -d '[:space:]' < FILE)\"",
        )
    return key or None
