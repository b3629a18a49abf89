"""What all configs share: a typed, frozen section of keys, and how they are read from presets and files."""

from __future__ import annotations

import re
import types
import typing
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic_core import ErrorDetails

from raif.errors import ConfigError, did_you_mean


class Section(BaseModel):
    """A group of keys. Unknown keys are errors; a key's docstring is its documentation."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)


S = TypeVar("S", bound=Section)
Tree = dict[str, Any]
Sources = dict[tuple[str, ...], str]
"""Key path -> the file or option that set it last."""


class _Loader(yaml.SafeLoader):
    """YAML 1.1 reads 1e-6 as a string; a learning rate has to be a number."""


_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:float",
    re.compile(r"^[-+]?[0-9][0-9_]*(\.[0-9]*)?[eE][-+]?[0-9]+$"),
    list("-+0123456789"),
)


def presets_folder() -> Path:
    """The shipped presets: inside the installed package, or beside it in a checkout."""
    package = Path(__file__).resolve().parents[1]
    shipped = package / "presets"
    return shipped if shipped.is_dir() else package.parent / "presets"


def preset_names(command: str) -> list[str]:
    return sorted(p.stem for p in (presets_folder() / command).glob("*.yaml"))


def preset_path(command: str, name: str) -> Path:
    path = presets_folder() / command / f"{name}.yaml"
    if not path.is_file():
        known = preset_names(command)
        raise ConfigError(f"raif {command} has no preset {name!r}", did_you_mean(name, known))
    return path


def parse_value(text: str) -> Any:
    """A value as YAML reads it: 3, 1e-6, true, null, [a, b], words."""
    return yaml.load(text, _Loader)


def read_tree(command: str, path: Path, above: tuple[Path, ...] = ()) -> tuple[Tree, Sources]:
    """A config file laid over its `base:` (a preset's name, or a file beside it), if it has one."""
    if path in above:
        raise ConfigError(f"{path}: base: the files build on each other in a circle")
    own = _read_yaml(path)
    base = own.pop("base", None)
    below = _base_path(command, path, str(base)) if base else None
    tree, sources = read_tree(command, below, (*above, path)) if below else ({}, {})
    lay_over(tree, own, sources, str(path))
    return tree, sources


def _base_path(command: str, path: Path, base: str) -> Path:
    return path.parent / base if base.endswith(".yaml") else preset_path(command, base)


def _read_yaml(path: Path) -> Tree:
    try:
        tree = yaml.load(path.read_text("utf-8"), _Loader)
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror}", "Give a readable YAML file.") from None
    except yaml.YAMLError as error:
        raise ConfigError(f"{path}: not YAML: {error}") from None
    if tree is not None and not isinstance(tree, dict):
        raise ConfigError(f"{path}: a config is a mapping of keys, not a {type(tree).__name__}")
    return tree or {}


def lay_over(tree: Tree, upper: Tree, sources: Sources, source: str, at: tuple[str, ...] = ()) -> Tree:
    """Merge `upper` into `tree`, mapping by mapping; remember who set what."""
    for key, value in upper.items():
        path = (*at, str(key))
        sources[path] = source
        if isinstance(value, dict) and isinstance(tree.get(key), dict):
            lay_over(tree[key], value, sources, source, path)
        elif isinstance(value, dict):
            tree[key] = lay_over({}, value, sources, source, path)
        else:
            tree[key] = value
    return tree


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
