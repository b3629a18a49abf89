"""A command's own options as overrides of its config."""

from __future__ import annotations

import json
from collections.abc import Mapping


def overrides(given: Mapping[str, object]) -> list[str]:
    """`key=value` for each option that was given. Quoted: a path must not be read as YAML."""
    return [f"{key}={json.dumps(str(value))}" for key, value in given.items() if value is not None]
