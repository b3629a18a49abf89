"""A judge's prompts: one YAML file a language, with `version`, `ask` and `again`.

`ask` holds $input, $answer and $question once or more; `again` follows a reply that was neither yes nor no.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from string import Template
from typing import TypeVar

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError, field_validator

from raif.errors import ConfigError

P = TypeVar("P")
SHIPPED = Path(__file__).parent
FIELDS = {"input", "answer", "question"}


class Prompt(BaseModel):
    """How one language asks."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    version: str
    ask: str
    again: str

    @field_validator("ask")
    @classmethod
    def _holds_all_fields(cls, ask: str) -> str:
        template = Template(ask)
        if not template.is_valid() or set(template.get_identifiers()) != FIELDS:
            raise ValueError("needs $input, $answer and $question, and each other dollar sign doubled")
        return ask

    def fill(self, *, input: str, answer: str, question: str) -> str:
        return Template(self.ask).substitute(input=input, answer=answer, question=question)

    @property
    def digest(self) -> str:
        """The version, and the start of the sha256."""
        text = hashlib.sha256((self.ask + self.again).encode()).hexdigest()
        return f"version {self.version}, {text[:12]}"


def load(folder: Path | None) -> Mapping[str, Prompt]:
    """The prompts of a folder (none: the shipped ones) by language; ConfigError where one can't be used."""
    folder = folder or SHIPPED
    found = {path.stem: _read(path) for path in sorted(folder.glob("*.yaml"))}
    if "en" not in found:
        raise ConfigError(f"{folder}: no en.yaml", f"A judge's prompts look like {SHIPPED / 'en.yaml'}.")
    return found


def choose(prompts: Mapping[str, P], language: str) -> P:
    """That of the language, region aside; English where there is none."""
    return prompts.get(language.partition("-")[0], prompts["en"])


def _read(path: Path) -> Prompt:
    try:
        return Prompt.model_validate(yaml.safe_load(path.read_text("utf-8")))
    except yaml.YAMLError as error:
        raise ConfigError(f"{path}: not YAML: {error}") from None
    except ValidationError as error:
        first = error.errors()[0]
        raise ConfigError(f"{path}: {'.'.join(map(str, first['loc']))}: {first['msg']}") from None
