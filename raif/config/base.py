"""What all configs share: a typed, frozen section of keys, and how they are read from presets and files."""

from __future__ import annotations

import re
import typing
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic_core import ErrorDetails

from raif.errors import ConfigError, did_you_mean


class Section(BaseModel):
    """A group of keys. Unknown keys are errors, and so are infinite numbers and NaN; a key's docstring is its
    documentation.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True, allow_inf_nan=False)


S = TypeVar("S", bound=Section)
Tree = dict[str, Any]
SAMPLING = "sampling"
"""What sections of sampling are called, or end in, and the folder of their presets."""
Sources = dict[tuple[str, ...], str]
"""Key path -> the file or option that set it last."""


class _Loader(yaml.SafeLoader):
    """Reads 1e-6 as a number; to YAML 1.1 it is a string."""


_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:float",
    re.compile(r"^[-+]?[0-9][0-9_]*(\.[0-9]*)?[eE][-+]?[0-9]+$"),
    list("-+0123456789"),
)


def presets_folder() -> Path:
    """The shipped presets: inside the installed package, or next to it in a checkout."""
    package = Path(__file__).resolve().parents[1]
    shipped = package / "presets"
    return shipped if shipped.is_dir() else package.parent / "presets"


def preset_names(command: str) -> list[str]:
    return sorted(p.stem for p in (presets_folder() / command).glob("*.yaml"))


def preset_path(command: str, name: str) -> Path:
    path = presets_folder() / command / f"{name}.yaml"
    if not path.is_file():
        known = preset_names(command)
        what = f"there is no preset of {SAMPLING}" if command == SAMPLING else f"raif {command} has no preset"
        raise ConfigError(f"{what} {name!r}", did_you_mean(name, known))
    return path


def read_tree(command: str, path: Path, above: tuple[Path, ...] = ()) -> tuple[Tree, Sources]:
    """A config file merged over its `base:`, if it has one: a preset's name, or a file in the same folder."""
    if path in above:
        raise ConfigError(f"{path}: circular base: {' -> '.join(each.name for each in (*above, path))}")
    own = read_yaml(path)
    base = str(own.pop("base", None) or "")
    own = with_sampling_presets(own)
    tree: Tree = {}
    sources: Sources = {}
    if base:
        below = path.parent / base if base.endswith(".yaml") else preset_path(command, base)
        tree, sources = read_tree(command, below, (*above, path))
    merge(tree, own, sources, str(path))
    return tree, sources


def with_sampling_presets(tree: Tree) -> Tree:
    """The tree with what `base: NAME` in a section of sampling stands for, below the section's other keys."""
    found: Tree = {}
    for key, value in tree.items():
        inner = with_sampling_presets(value) if isinstance(value, dict) else value
        if key.endswith(SAMPLING) and isinstance(inner, dict) and (name := inner.pop("base", None)):
            inner = merge(read_yaml(preset_path(SAMPLING, str(name))), inner, {}, "")
        found[key] = inner
    return found


def read_yaml(path: Path) -> Tree:
    """The keys of a config file. Raises ConfigError if it can't be read, or holds something else."""
    try:
        text = path.read_text("utf-8")
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror}", "Give a readable YAML file.") from None
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path}: not YAML: {error}") from None
    tree = _parsed(text, str(path))
    if tree is not None and not isinstance(tree, dict):
        raise ConfigError(f"{path}: a config is a mapping of keys, not a {type(tree).__name__}")
    return tree or {}


def _parsed(text: str, where: str) -> Any:
    try:
        return yaml.load(text, _Loader)
    except yaml.YAMLError as error:
        raise ConfigError(f"{where}: not YAML: {error}") from None


_TRUE_OF = {
    ("model",): ("prices",),
    ("endpoint", "base_url"): ("prices",),
    ("base_url",): ("api_key_env",),
}
"""Keys -> the keys next to them that are true of one value alone: another model or server has its own."""
_LIMITS = ("max_tokens", "max_completion_tokens")
"""Two names of one limit: the one that is given later replaces the other."""


def merge(tree: Tree, upper: Tree, sources: Sources, source: str | Sources, at: tuple[str, ...] = ()) -> Tree:
    """Merge `upper` into `tree`, mapping by mapping, and record in `sources` who set what.

    What `upper` replaces takes its price and its key with it. `source`: one for all keys, or by key path.
    """
    for place, names in _TRUE_OF.items():
        before, now = _found(tree, place), _found(upper, place)
        if isinstance(before, str) and now is not _MISSING and now != before:
            for name in names:
                tree.pop(name, None)
    for one, other in (_LIMITS, reversed(_LIMITS)):
        if upper.get(one) is not None and other not in upper:
            tree.pop(other, None)
    for key, value in upper.items():
        path = (*at, str(key))
        sources[path] = source if isinstance(source, str) else source[path]
        if isinstance(value, dict) and isinstance(tree.get(key), dict):
            merge(tree[key], value, sources, source, path)
        elif isinstance(value, dict):
            tree[key] = merge({}, value, sources, source, path)
        else:
            tree[key] = value
    return tree


_MISSING = object()


def _found(tree: Tree, place: tuple[str, ...]) -> Any:
    value: Any = tree
    for key in place:
        value = value.get(key, _MISSING) if isinstance(value, dict) else _MISSING
    return value


def load(
    model: type[S],
    command: str,
    *,
    preset: str | None = None,
    file: Path | None = None,
    overrides: Sequence[str] = (),
) -> S:
    """The config of `command`. Give at most one of `preset` and `file`; without either, the defaults apply.

    Raises ConfigError, which says where the mistake is: in the file, or in a `--set`.
    """
    tree, sources, source = resolve(command, preset=preset, file=file, overrides=overrides)
    return validate(model, tree, sources, default_source=source)


def resolve(
    command: str, *, preset: str | None = None, file: Path | None = None, overrides: Sequence[str] = ()
) -> tuple[Tree, Sources, str]:
    """What `load` validates: the tree of keys, who set each of them, and the user's file, if there is one."""
    if preset and file:
        raise ConfigError(
            "--preset and --config exclude each other", "Put `base: PRESET` into the file instead."
        )
    path = preset_path(command, preset) if preset else file
    tree, sources = read_tree(command, path) if path else ({}, {})
    all_set: Tree = {}
    set_by: Sources = {}
    for override in _bases_first(overrides):
        key, equals, value = override.partition("=")
        if not equals or not key:
            raise ConfigError(f"--set {override}: not of the form key.subkey=value")
        upper = _parsed(value, f"--set {override}")
        for part in reversed(key.split(".")):
            upper = {part: upper}
        upper = with_sampling_presets(upper)
        merge(all_set, upper, set_by, f"--set {override}")
    merge(tree, all_set, sources, set_by)
    return tree, sources, str(file or "")


def _bases_first(overrides: Sequence[str]) -> list[str]:
    """Presets of sampling stand below all other keys; of each section, the last one counts."""
    keys = {override: override.partition("=")[0] for override in overrides}
    bases = {key: override for override, key in keys.items() if key.endswith(f"{SAMPLING}.base")}
    return [*bases.values(), *(override for override in overrides if keys[override] not in bases)]


def validate(model: type[S], tree: Tree, sources: Sources, default_source: str) -> S:
    """The tree as `model`. Raises ConfigError with one line for each mistake."""
    try:
        return model.model_validate(tree)
    except ValidationError as error:
        mistakes: dict[tuple[str, ...], list[ErrorDetails]] = {}
        for detail in error.errors():
            mistakes.setdefault(_place(tree, detail), []).append(detail)
        lines = [_explain(model, *mistake, sources, default_source) for mistake in mistakes.items()]
        raise ConfigError("\n".join(lines)) from None


def _place(tree: Any, detail: ErrorDetails) -> tuple[str, ...]:
    """Where the user's mistake is: pydantic's location without its names of a union's members."""
    place: list[str] = []
    *path, last = detail["loc"] or ("",)
    for part in path:
        inside = tree.get(part) if isinstance(tree, dict) else None
        if isinstance(tree, list) and isinstance(part, int):
            inside = tree[part]
        if inside is not None:
            tree = inside
            place.append(str(part))
    named = isinstance(tree, dict) or (isinstance(tree, list) and isinstance(last, int))
    return (*place, str(last)) if named and last != "" else tuple(place)


def _explain(
    model: type[BaseModel],
    place: tuple[str, ...],
    details: Sequence[ErrorDetails],
    sources: Sources,
    default_source: str,
) -> str:
    """One line about a mistake; of a union, `details` say what each of its members would take."""
    given = (sources[place[:n]] for n in range(len(place), 0, -1) if place[:n] in sources)
    where = ": ".join(filter(None, (next(given, default_source), ".".join(place))))
    detail, *_ = details
    if detail["type"] == "extra_forbidden":
        for part in place[:-1]:  # a position in a list is not a field
            field = model.model_fields.get(part)
            model = next(_sections(field.annotation), model) if field else model
        return f"{where}: unknown key. {did_you_mean(place[-1], model.model_fields)}"
    messages = dict.fromkeys(each["msg"].removeprefix("Value error, ") for each in details)
    got = "" if detail["type"] in ("missing", "value_error") else f" (got {detail['input']!r})"
    return f"{where}{': ' if where else ''}{', or: '.join(messages)}{got}"


def _sections(annotation: Any) -> Iterator[type[BaseModel]]:
    """The sections in a type: of a union, or of a list's items."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for part in typing.get_args(annotation):
        yield from _sections(part)


def dump(config: Section) -> str:
    """The resolved config as YAML; `--config` reads it back as an equal one."""
    return yaml.safe_dump(config.model_dump(mode="json"), sort_keys=False, allow_unicode=True)
