"""What a kind of constraint is: a pure check, the ways to ask for it, and how to draw its kwargs.

The signature of the check is the schema of the kwargs: `Kind.bind` reads it, so that a wrong name, type or
value is an error before any response is checked. Semantics are those of the official IFEval checker
(arXiv 2311.07911). If that would raise or draw a random value, `bind` raises.
"""

from __future__ import annotations

import inspect
import marshal
import random
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cache, cached_property
from importlib import import_module
from typing import Annotated, Any, Literal, NamedTuple, get_type_hints

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, create_model

from raif.constraints.wording import render
from raif.errors import ConstraintError, did_you_mean
from raif.registry import LOADING, Registry

Relation = Literal["less than", "at least"]
Count = Annotated[int, Field(ge=0)]
Text = Annotated[str, Field(min_length=1)]

CASES = frozenset({"change_case:english_capital", "change_case:english_lowercase"})

PROSE = frozenset(  # what is outside a format that a program reads, or only makes sense as prose
    {
        "length_constraints:number_paragraphs",
        "length_constraints:nth_paragraph_first_word",
        "detectable_content:postscript",
        "detectable_format:number_bullet_lists",
        "detectable_format:number_highlighted_sections",
        "detectable_format:multiple_sections",
        "detectable_format:title",
        "combination:two_responses",
        "combination:repeat_prompt",
        "startend:end_checker",
        "startend:quotation",
    }
)

COUNTS = frozenset(  # if part of the text is given, or there are two texts, it is unclear what they count
    {
        "keywords:frequency",
        "keywords:letter_frequency",
        "length_constraints:number_sentences",
        "length_constraints:number_words",
        "detectable_content:number_placeholders",
        "change_case:capital_word_frequency",
    }
)

_SPECIAL = re.compile(r"[\\^$.|?*+()\[\]{}]")
_KEPT = 1024
"""For each kind: kwargs that repeat are validated once."""
_EVERYDAY = {
    "en": ("time", "people", "day", "work", "place", "idea", "example", "change"),
    "zh": ("时间", "生活", "方法", "问题", "重要", "例如", "变化", "选择"),
}


class Outcome(NamedTuple):
    """What a check found, with a short concrete reason: "3 bullets, asked for exactly 2".

    None: it could not be checked, because data is missing that can't be shipped; the reason names it.
    """

    passed: bool | None
    reason: str


class Example(NamedTuple):
    """A response with kwargs under which the check passes or fails."""

    passes: bool
    response: str
    kwargs: dict[str, Any]


@dataclass(frozen=True)
class Material:
    """What a draw can use: the language ("en" or "zh"), prompt and topic words of a seed."""

    language: str
    prompt: str = ""
    keywords: tuple[str, ...] = ()

    @property
    def words(self) -> list[str]:
        """Keywords without special meaning in a regex; everyday words if the seed has none."""
        plain = [word for word in dict.fromkeys(self.keywords) if word and not _SPECIAL.search(word)]
        return plain or list(_EVERYDAY.get(self.language, _EVERYDAY["en"]))


@dataclass(frozen=True, eq=False)
class Kind:
    """A kind of constraint under IFEval's own id. It can only be asked for in the languages of `wordings`."""

    id: str
    check: Callable[..., Outcome]
    wordings: Mapping[str, tuple[str, ...]]
    draw: Callable[[random.Random, Material], dict[str, Any]]
    conflicts: frozenset[str]
    examples: tuple[Example, ...]

    def ask(self, rng: random.Random, language: str, kwargs: Mapping[str, Any]) -> str:
        """One way to ask for it in words. ConstraintError if there is none in `language`."""
        if language not in self.wordings:
            raise ConstraintError(
                f"{self.id} can't be asked in {language!r}", did_you_mean(language, self.wordings)
            )
        template = rng.choice(self.wordings[language])
        try:
            return template.format_map(render(self.bind(kwargs), language))
        except KeyError as missing:  # upstream's checker accepts what can't be said
            raise ConstraintError(f"{self.id}: no words for {missing} in {dict(kwargs)}") from None

    def bind(self, kwargs: Mapping[str, Any]) -> dict[str, Any]:
        """The kwargs without `None`s (0 and False are values), as the check takes them, with its defaults.

        Raises ConstraintError, which names what doesn't fit.
        """
        try:
            # Tells 1 from True and from 1.0. Later versions of the format differ for equal values.
            stated = marshal.dumps(kwargs, 2)  # type: ignore[arg-type]
            if known := self._bound.get(stated):
                return marshal.loads(known)
        except ValueError:  # not what JSON holds
            return self._validated(kwargs)
        bound = self._validated(kwargs)
        if _is_json(kwargs) and _is_json(bound):
            if len(self._bound) >= _KEPT:
                self._bound.clear()
            self._bound[stated] = marshal.dumps(bound, 2)
        return bound

    @cached_property
    def _bound(self) -> dict[bytes, bytes]:
        """Kwargs and what they are bound to, both by value, so that nobody can change what is kept."""
        return {}

    def _validated(self, kwargs: Mapping[str, Any]) -> dict[str, Any]:
        given = {name: value for name, value in kwargs.items() if value is not None}
        try:
            bound = vars(self._schema.model_validate(given))
        except ValidationError as error:
            raise self._refusal(error) from None
        return {name: value for name, value in bound.items() if value is not None}

    @cached_property
    def _schema(self) -> type[BaseModel]:
        hints = get_type_hints(self.check, include_extras=True)
        _, *parameters = inspect.signature(self.check).parameters
        defaults = self.check.__kwdefaults__ or {}
        fields: dict[str, Any] = {name: (hints[name], defaults.get(name, ...)) for name in parameters}
        return create_model(
            self.id, __config__=ConfigDict(strict=True, extra="forbid", validate_default=True), **fields
        )

    def _refusal(self, error: ValidationError) -> ConstraintError:
        first = error.errors()[0]
        name = str(first["loc"][0])
        if first["type"] == "extra_forbidden":
            return ConstraintError(
                f"{self.id}: unknown kwarg {name!r}",
                did_you_mean(name, self._schema.model_fields) or "It takes none.",
            )
        if first["type"] == "missing":
            return ConstraintError(f"{self.id}: kwarg {name!r} is missing")
        return ConstraintError(f"{self.id}: kwarg {name!r}: {first['msg']}, got {first['input']!r}")


KINDS: Registry[Kind] = Registry(
    "constraint", ConstraintError, ("raif.constraints.ifbench", "raif.constraints.iftrain")
)
_VARIANTS: dict[tuple[str, str], Kind] = {}
_HOMES = {
    "raif": "raif.constraints.plain",
    "zh": "raif.constraints.chinese",
    "reference": "raif.constraints.reference",
    "authors": "raif.constraints.authors",
    "multi-if": "raif.constraints.multi_if",
    "multi-if-repaired": "raif.constraints.multi_if",
}
"""What registers the variants of a semantics, imported when one is first looked up."""
_ELSE = {"zh": "raif"}


def find(id: str, semantics: str) -> Kind:
    """The kind as `semantics` understands it: its variant of that name, or the kind itself.

    The default dialect has two semantics, "raif" and "zh". What has no meaning of its own in Chinese has the
    one of "raif".
    """
    kind = KINDS[id]  # a plug-in registers its variants as it is loaded
    for one in (semantics, _ELSE.get(semantics)):
        if one is not None:
            _load_variants(one)
            if (id, one) in _VARIANTS:
                return _VARIANTS[id, one]
    return kind


def variants(id: str) -> dict[str, Kind]:
    """What the kind means under each semantics that has its own meaning for it."""
    _load_all_variants()
    return {semantics: _VARIANTS[of, semantics] for of, semantics in sorted(_VARIANTS) if of == id}


def registered() -> list[tuple[str, str]]:
    """Every id with each semantics for which it has a variant; "" stands for the kind itself."""
    _load_all_variants()
    return sorted([*((id, "") for id in KINDS), *_VARIANTS])


@cache
def _load_variants(semantics: str) -> None:
    if semantics in _HOMES:
        with LOADING:
            import_module(_HOMES[semantics])


def _load_all_variants() -> None:
    for semantics in _HOMES:
        _load_variants(semantics)


def kind(
    id: str,
    *,
    wordings: Mapping[str, tuple[str, ...]],
    draw: Callable[[random.Random, Material], dict[str, Any]],
    examples: tuple[Example, ...],
    conflicts: frozenset[str] = frozenset(),
) -> Callable[[Callable[..., Outcome]], Callable[..., Outcome]]:
    """Register the decorated check, `check(response, *, kwargs...)`, as the kind `id`."""

    def define(check: Callable[..., Outcome]) -> Callable[..., Outcome]:
        KINDS.add(id, Kind(id, check, wordings, draw, conflicts, examples))
        return check

    return define


def variant(
    id: str, semantics: str, *, examples: tuple[Example, ...]
) -> Callable[[Callable[..., Outcome]], Callable[..., Outcome]]:
    """Register the decorated check as the meaning of the kind `id` under `semantics`, such as "zh".

    Wordings, draw and conflicts remain the kind's own.
    """

    def define(check: Callable[..., Outcome]) -> Callable[..., Outcome]:
        _VARIANTS[id, semantics] = replace(KINDS[id], check=check, examples=examples)
        return check

    return define


def _is_json(value: Any) -> bool:
    if isinstance(value, dict | list):
        return all(map(_is_json, value.values() if isinstance(value, dict) else value))
    return value is None or type(value) in (str, int, float, bool)


def pattern(build: Callable[[str], str] = str) -> AfterValidator:
    """Refuses text that is not a valid regex once `build` has turned it into the one to be searched for.

    IFEval uses keywords and markers unescaped.
    """

    def compiles(value: str) -> str:
        if not _SPECIAL.search(value):
            return value  # it stands for itself
        try:
            re.compile(build(value))
        except (re.error, OverflowError, RecursionError) as error:
            raise ValueError(f"not a valid regular expression ({error})") from None
        return value

    return AfterValidator(compiles)


def compare(count: int, relation: Relation, bound: float, noun: str) -> Outcome:
    """Whether `count` is in `relation` to `bound`. `noun`, in the plural, says what was counted."""
    passed = count < bound if relation == "less than" else count >= bound
    return Outcome(passed, f"{count} {noun}, asked for {relation} {bound}")


def exactly(count: int, wanted: float, noun: str) -> Outcome:
    """Whether `count` equals `wanted`. `noun`, in the plural, says what was counted."""
    return Outcome(count == wanted, f"{count} {noun}, asked for exactly {wanted}")


def draw_bound(
    rng: random.Random, *, at_least: tuple[int, int], less_than: tuple[int, int]
) -> tuple[Relation, int]:
    """Either relation, equally often, with a bound from its inclusive range."""
    if rng.random() < 0.5:
        return "at least", rng.randint(*at_least)
    return "less than", rng.randint(*less_than)
