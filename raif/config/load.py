"""Preset or file + overrides -> one validated, frozen config; or an error that names file, key and remedy."""

from __future__ import annotations

import types
import typing
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from raif.config.files import Sources, Tree, lay_over, parse_value, preset_path, read_tree
from raif.config.section import Section
from raif.errors import ConfigError, did_you_mean

S = TypeVar("S", bound=Section)


def load(
    model: type[S],
    command: str,
    *,
    preset: str | None = None,
    file: Path | None = None,
    overrides: Sequence[str] = (),
) -> S:
    """The config of `command`. At most one of `preset` and `file`; with neither, the model's defaults.

    Raises ConfigError naming where the fault is: the file, or `--set`.
    """
    tree, sources, source = resolve(command, preset=preset, file=file, overrides=overrides)
    return validate(model, tree, sources, default_source=source)


def resolve(
    command: str, *, preset: str | None = None, file: Path | None = None, overrides: Sequence[str] = ()
) -> tuple[Tree, Sources, str]:
    """What `load` validates: the tree of keys, who set each, and what to call the source of the others."""
    if preset and file:
        raise ConfigError(
            "--preset and --config exclude each other", "Put `base: PRESET` into the file instead."
        )
    path = preset_path(command, preset) if preset else file
    tree, sources = read_tree(command, path) if path else ({}, {})
    for override in overrides:
        _apply(tree, sources, override)
    return tree, sources, str(path) if path else "--set"


def _apply(tree: Tree, sources: Sources, override: str) -> None:
    key, equals, value = override.partition("=")
    if not equals or not key:
        raise ConfigError(f"--set {override}: not of the form key.subkey=value")
    upper: Any = parse_value(value)
    for part in reversed(key.split(".")):
        upper = {part: upper}
    lay_over(tree, upper, sources, f"--set {override}")


def validate(model: type[S], tree: Tree, sources: Sources, default_source: str) -> S:
    try:
        return model.model_validate(tree)
    except ValidationError as error:
        lines = [_explain(model, detail, sources, default_source) for detail in error.errors()]
        raise ConfigError("\n".join(lines)) from None


def _explain(model: type[BaseModel], detail: ErrorDetails, sources: Sources, default_source: str) -> str:
    loc = tuple(str(part) for part in detail["loc"])
    source = next((sources[loc[:n]] for n in range(len(loc), 0, -1) if loc[:n] in sources), default_source)
    key = ".".join(loc)
    if detail["type"] == "extra_forbidden":
        return f"{source}: {key}: unknown key. {did_you_mean(loc[-1], _keys(model, loc[:-1]))}"
    message = detail["msg"].removeprefix("Value error, ")
    got = "" if detail["type"] in ("missing", "value_error") else f" (got {detail['input']!r})"
    return f"{source}: {key + ': ' if key else ''}{message}{got}"


def _keys(model: type[BaseModel], loc: Sequence[str]) -> Iterable[str]:
    for part in loc:
        model = _section_of(model.model_fields[part].annotation) or model
    return model.model_fields


def _section_of(annotation: Any) -> type[BaseModel] | None:
    options = typing.get_args(annotation) if isinstance(annotation, types.UnionType) else (annotation,)
    return next((o for o in options if isinstance(o, type) and issubclass(o, BaseModel)), None)


def dump(config: Section) -> str:
    """The resolved config as YAML that `--config` reads back to an equal one."""
    return yaml.safe_dump(config.model_dump(mode="json"), sort_keys=False, allow_unicode=True)
