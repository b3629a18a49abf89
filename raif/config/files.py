"""Preset and config files: where they are, how they are read, how one builds on another."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import yaml

from raif.errors import ConfigError, did_you_mean

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
