"""The judges' prompts of the benchmarks, and those of the methods: one YAML file each, templates by name.

A template holds $fields; a dollar sign of its own is doubled.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from string import Template

import yaml

from raif.errors import ConfigError

SHIPPED = Path(__file__).parent


@dataclass(frozen=True, slots=True)
class Prompts:
    """The templates of one file."""

    templates: Mapping[str, Template]

    def fill(self, name: str, **fields: str) -> str:
        """One template with its fields; KeyError where one is missing, for it is the caller's."""
        return self.templates[name].substitute(fields)


def load(name: str, folder: Path | None = None) -> Prompts:
    """`name`.yaml of the folder (none, or no such file in it: the shipped one).

    ConfigError where the file lacks a template of the shipped one, or a template one of its fields.
    """
    shipped = _read(SHIPPED / f"{name}.yaml")
    path = (folder or SHIPPED) / f"{name}.yaml"
    if not path.exists():
        return Prompts(shipped)
    templates = _read(path)
    for key, template in shipped.items():
        _check(path, key, templates.get(key), set(template.get_identifiers()))
    return Prompts(templates)


def _check(path: Path, key: str, template: Template | None, fields: set[str]) -> None:
    hint = f"Prompts look like {SHIPPED / path.name}; each other dollar sign is doubled."
    if template is None:
        raise ConfigError(f"{path}: no {key!r}", hint)
    if not template.is_valid() or set(template.get_identifiers()) != fields:
        listed = ", ".join(f"${field}" for field in sorted(fields)) or "no field"
        raise ConfigError(f"{path}: {key}: needs {listed}", hint)


def _read(path: Path) -> dict[str, Template]:
    try:
        content = yaml.safe_load(path.read_text("utf-8"))
    except yaml.YAMLError as error:
        raise ConfigError(f"{path}: not YAML: {error}") from None
    if not isinstance(content, dict) or not all(isinstance(text, str) for text in content.values()):
        raise ConfigError(f"{path}: not a list of names with texts")
    return {str(key): Template(text) for key, text in content.items()}
