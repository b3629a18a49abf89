"""What models are asked: YAML files of named templates, which files in a folder of your own can replace.

`judge` and `data` have one file for each language, `eval` one for each benchmark. In a template, `$name`
marks a field; any other dollar sign is doubled. Names that your file lacks stay as shipped.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from string import Template
from typing import Any, TypeVar

import yaml

from raif.errors import ConfigError, did_you_mean
from raif.types import Message

P = TypeVar("P")
SHIPPED = Path(__file__).parent


@dataclass(frozen=True)
class Prompts:
    """One file. `tables`: entries that are themselves lists of names and texts, such as topics."""

    version: str
    templates: Mapping[str, str]
    tables: Mapping[str, Mapping[str, str]]

    def fill(self, name: str, **fields: object) -> str:
        """One template with its fields filled in; KeyError if one is missing, which is the caller's bug."""
        return Template(self.templates[name]).substitute(fields)

    def turn(self, name: str, **fields: object) -> Message:
        """The same as a user's turn, without blank lines around it."""
        return Message(role="user", content=self.fill(name, **fields).strip())

    @cached_property
    def digest(self) -> str:
        """The version, and the start of each text's sha256."""
        texts = dict(self.templates) | {name: repr(sorted(t.items())) for name, t in self.tables.items()}
        each = [f"{name} {hashlib.sha256(text.encode()).hexdigest()[:12]}" for name, text in texts.items()]
        return ", ".join([f"version {self.version}", *each])


def load(kind: str, name: str, folder: Path | None = None) -> Prompts:
    """`kind`/`name`.yaml as shipped, with what the file of that name in `folder` replaces, if there is one.

    Raises ConfigError if a template in it is unknown, or lacks a field of the shipped one or has others.
    """
    return _load(kind, name, (folder or SHIPPED / kind) / f"{name}.yaml")


def load_languages(kind: str, folder: Path | None = None, *, only: bool = False) -> Mapping[str, Prompts]:
    """All languages' prompts. `only`: just those in `folder`, which must then have English."""
    shipped = [path.name for path in sorted((SHIPPED / kind).glob("*.yaml"))]
    own = [path.name for path in sorted(folder.glob("*.yaml"))] if folder else shipped
    if "en.yaml" not in own if only else not set(own) & set(shipped):
        lacking = "no en.yaml" if only else f"no prompts: none of {', '.join(shipped)}"
        raise ConfigError(f"{folder}: {lacking}", f"They look like {SHIPPED / kind / 'en.yaml'}.")
    found = {}
    for name in own if only else shipped:
        path = (folder or SHIPPED / kind) / name
        found[path.stem] = _load(kind, path.stem if name in shipped else "en", path)
    return found


def choose(prompts: Mapping[str, P], language: str) -> P:
    """The prompts of a language, ignoring its region; English if it has none."""
    return prompts.get(language.partition("-")[0], prompts["en"])


def _load(kind: str, like: str, path: Path) -> Prompts:
    shipped = SHIPPED / kind / f"{like}.yaml"
    tree = _read(shipped)
    if path.exists() and path != shipped:
        own = _read(path)
        for name, entry in own.items():
            _check(name, entry, tree, path, shipped)
        tree |= own
    tables = {name: entry for name, entry in tree.items() if isinstance(entry, dict)}
    version = str(tree.get("version", ""))
    templates = {name: str(text) for name, text in tree.items() if name not in {*tables, "version"}}
    return Prompts(version, templates, tables)


def _check(name: str, entry: Any, shipped: Mapping[str, Any], path: Path, like: Path) -> None:
    """Raise ConfigError if an entry can't replace the shipped one."""
    hint = f"Prompts look like {like}; double each dollar sign that marks no field."
    if name not in shipped:
        raise ConfigError(f"{path}: {name}: unknown name. {did_you_mean(name, shipped)}", hint)
    if isinstance(shipped[name], dict):
        if not isinstance(entry, dict) or set(entry) != set(shipped[name]):
            raise ConfigError(f"{path}: {name}: needs exactly {', '.join(shipped[name])}", hint)
        return
    template, fields = Template(str(entry)), set(Template(str(shipped[name])).get_identifiers())
    if isinstance(entry, dict | list) or not template.is_valid() or set(template.get_identifiers()) != fields:
        needed = ", ".join(f"${field}" for field in sorted(fields)) or "a text without fields"
        raise ConfigError(f"{path}: {name}: needs {needed}", hint)


def _read(path: Path) -> dict[str, Any]:
    try:
        tree = yaml.safe_load(path.read_text("utf-8"))
    except yaml.YAMLError as error:
        raise ConfigError(f"{path}: not YAML: {error}") from None
    if not isinstance(tree, dict):
        raise ConfigError(f"{path}: not a mapping of names to texts")
    return {str(name): entry for name, entry in tree.items()}
