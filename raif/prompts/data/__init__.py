"""What models are asked to make data: one YAML file a language, see en.yaml. A folder may replace some."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from string import Template
from typing import Any

import yaml
from pydantic import ValidationError, ValidationInfo, field_validator

from raif.config.staged import ALL_FAULTS
from raif.config.topics import TOPICS
from raif.errors import ConfigError
from raif.types import Frozen, Message

Languages = Mapping[str, "Prompts"]
SHIPPED = Path(__file__).parent


class Ask(Frozen):
    """A prompt's text, with `$name` where something is put in."""

    text: str

    def fill(self, **fields: object) -> tuple[Message, ...]:
        """The prompt as a user's turn."""
        return (Message(role="user", content=Template(self.text).substitute(fields).strip()),)

    @property
    def digest(self) -> str:
        return hashlib.sha256(self.text.encode()).hexdigest()[:12]


_FIELDS: dict[str, set[str]] = {
    "tags": {"request", "topics"},
    "keywords": {"request", "count"},
    "requirements": {"request", "count"},
    "fuse": {"request", "outline"},
    "quality": {"request", "answer", "question"},
    "again": set(),
}
_ALL: dict[str, tuple[str, ...]] = {"topics": TOPICS, "faults": ALL_FAULTS}


class Prompts(Frozen):
    """What one language asks."""

    version: str
    tags: Ask
    keywords: Ask
    requirements: Ask
    fuse: Ask
    quality: Ask
    again: Ask
    topics: dict[str, str]
    """The 26 topics, each by the name that the model knows it by."""
    faults: dict[str, str]
    """The seven qualities, each as the question whether its fault is there."""

    @field_validator(*_ALL)
    @classmethod
    def _names_all(cls, named: dict[str, str], info: ValidationInfo) -> dict[str, str]:
        wanted = _ALL[str(info.field_name)]
        if set(named) != set(wanted):
            raise ValueError(f"needs {', '.join(wanted)}, and no others")
        return named

    def digests(self) -> str:
        """The version, and the start of each prompt's sha256."""
        each = {name: getattr(self, name).digest for name in _FIELDS}
        each |= {name: Ask(text=repr(sorted(getattr(self, name).items()))).digest for name in _ALL}
        return f"version {self.version}, " + ", ".join(f"{name} {value}" for name, value in each.items())


def load(folder: Path | None) -> Mapping[str, Prompts]:
    """The prompts by language, those of the folder in place of the shipped ones.

    ConfigError where a file can't be used.
    """
    found = {}
    for path in sorted(SHIPPED.glob("*.yaml")):
        own = folder / path.name if folder else path
        found[path.stem] = _prompts(_read(path) | (_read(own) if own.exists() else {}), own)
    if folder and not any((folder / f"{language}.yaml").exists() for language in found):
        raise ConfigError(f"{folder}: no prompts", f"They look like {SHIPPED / 'en.yaml'}.")
    return found


def _read(path: Path) -> dict[str, Any]:
    try:
        found = yaml.safe_load(path.read_text("utf-8"))
    except yaml.YAMLError as error:
        raise ConfigError(f"{path}: not YAML: {error}") from None
    if not isinstance(found, dict):
        raise ConfigError(f"{path}: not a mapping of keys")
    return found


def _prompts(tree: dict[str, Any], path: Path) -> Prompts:
    for name, fields in _FIELDS.items():
        template = Template(str(tree[name]))
        if not template.is_valid() or set(template.get_identifiers()) != fields:
            needed = ", ".join(f"${field}" for field in sorted(fields)) or "nothing put in"
            raise ConfigError(f"{path}: {name}: needs {needed}, and each other dollar sign doubled")
    try:
        return Prompts.model_validate(tree | {name: {"text": str(tree[name])} for name in _FIELDS})
    except ValidationError as error:
        first = error.errors()[0]
        raise ConfigError(f"{path}: {'.'.join(map(str, first['loc']))}: {first['msg']}") from None
