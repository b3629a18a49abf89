"""What the whole response is: JSON, a language, a case, one of several fixed answers."""

from __future__ import annotations

import json
import re
from typing import Annotated, Any

from pydantic import AfterValidator

from raif.constraints.ifbench.common import Keyword
from raif.constraints.iftrain.older_words import Several
from raif.constraints.kind import Outcome
from raif.constraints.language import known
from raif.constraints.plain.common import bare, meaning, said
from raif.constraints.xml import xml_outcome
from raif.text import reader
from raif.text.one_language import is_in

_LANGUAGE = re.compile(r"[^\S\n]*(?:json|xml)?[^\S\n]*(?:\n|(?=[^\w\s]))", re.IGNORECASE)
"""What may follow an opening fence: the language, if it has a line or a bracket after it."""
_OPTIONS = ("My answer is yes.", "My answer is no.", "My answer is maybe.")


def _refuse(name: str) -> Any:
    raise ValueError(f"{name} is no JSON")


def _unfenced(response: str) -> str:
    """What stands in a code fence, if there is one that opens and closes around everything."""
    text = response.strip()
    if text.startswith("```") and text.endswith("```") and len(text) > 6:
        found = _LANGUAGE.match(text, 3)
        return text[found.end() if found else 3 : -3]
    return text


def _json(response: str) -> Outcome:
    """The whole text is one JSON value, which NaN and Infinity are not, perhaps in a code fence."""
    text = _unfenced(response)
    try:
        json.loads(text, parse_constant=_refuse)
    except (ValueError, RecursionError) as error:
        return Outcome(False, f"not JSON: {error}")
    return Outcome(True, "valid JSON")


@meaning(
    "detectable_format:json_format",
    (True, '```json\n{"tea": "hot"}\n```', {}),
    (False, '```json\n{"tea": "hot"}', {}),
    (False, '{"tea": NaN}', {}),
)
def json_format(response: str) -> Outcome:
    """`NaN` and `Infinity` are no JSON, and a fence that opens has to close."""
    return _json(response)


@meaning(
    "detectable_format:xml_format",
    (True, "```xml\n<tea>hot</tea>\n```", {}),
    (False, "```xml\n<tea>hot</tea>", {}),
)
def xml_format(response: str) -> Outcome:
    """A fence that opens has to close."""
    return xml_outcome(_unfenced(response).strip())


@meaning(
    "rlvr:validate_json_format",
    (True, '```json\n{"tea": "hot"}\n```', {}),
    (False, '{"tea": NaN}', {}),
)
def validate_json_format(response: str) -> Outcome:
    """`NaN` and `Infinity` are no JSON. A code fence around it is allowed."""
    return _json(response)


@meaning(
    "detectable_format:constrained_response",
    (True, "My answer is maybe.", {}),
    (False, 'I pick "My answer is yes." or "My answer is no."', {}),
    (False, "My answer is yes. It really is.", {}),
)
def constrained_response(response: str) -> Outcome:
    """The reply is one of the three, and nothing else."""
    text = response.strip().strip('*_"“”')
    return said(text in _OPTIONS, f'"{text}"', "not just one of the three options")


@meaning(
    "rlvr:validate_choice",
    (True, "Yes.", {"options": ["yes", "no"]}),
    (False, "Yes or no.", {"options": ["yes", "no"]}),
)
def validate_choice(response: str, *, options: Several) -> Outcome:
    """The answer is one of them and nothing else, in any case. A string lists them between / , or "or"."""
    listed = _listed(options) if isinstance(options, str) else options
    return _chosen(response, listed)


@meaning(
    "format:options",
    (True, "I agree.", {"options": "I agree or I disagree"}),
    (False, "f", {"options": "for, against"}),
)
def options(response: str, *, options: Keyword) -> Outcome:
    """Options are split at "/", else at commas and the word "or"."""
    return _chosen(response, _listed(options))


def _listed(options: str) -> list[str]:
    parts = options.split("/") if "/" in options else re.split(r",\s*(?:or\s+)?|\s+or\s+", options)
    return [part.strip() for part in parts if part.strip()]


def _chosen(response: str, listed: list[str]) -> Outcome:
    given = reader.spaced(bare(response))
    passed = bool(given) and any(given == reader.spaced(bare(option)) for option in listed)
    return said(passed, f'"{given[:40]}"', f'"{response.strip()[:40]}" for one of {listed}')


@meaning(
    "language:response_language",
    (True, "Das ist ein sehr schöner Tag für einen Spaziergang.", {"language": "de"}),
    (False, "12345", {"language": "de"}),
    (False, "Das ist ein sehr schöner Tag.\n\nIt is a very nice day for a walk.", {"language": "de"}),
)
def response_language(response: str, *, language: Annotated[str, AfterValidator(known)]) -> Outcome:
    """All of it is in that language: no sentence in another one, and some letters."""
    return is_in_outcome(response, language)


@meaning(
    "rlvr:validate_response_language",
    (True, "Das ist ein sehr schöner Tag für einen Spaziergang.", {"language": "de"}),
    (False, "Das ist ein sehr schöner Tag.\n\nIt is a very nice day for a walk.", {"language": "de"}),
)
def validate_response_language(response: str, *, language: Annotated[str, AfterValidator(known)]) -> Outcome:
    """All of it is in that language: no sentence in another one."""
    return is_in_outcome(response, language)


def is_in_outcome(response: str, language: str) -> Outcome:
    reason = is_in(response, language)
    return Outcome(reason is None, reason or f"all in {language}")


@meaning(
    "change_case:english_capital",
    (True, "HELLO.", {}),
    (False, "DAS IST EIN SEHR SCHÖNER TAG.", {}),
)
def english_capital(response: str) -> Outcome:
    """Short texts are not mistaken for another language."""
    if not response.isupper():
        return Outcome(False, "not all in capital letters")
    return is_in_outcome(response, "en")


@meaning(
    "change_case:english_lowercase",
    (True, "hello.", {}),
    (False, "das ist ein sehr schöner tag.", {}),
)
def english_lowercase(response: str) -> Outcome:
    """Short texts are not mistaken for another language."""
    if not response.islower():
        return Outcome(False, "not all in lowercase letters")
    return is_in_outcome(response, "en")


@meaning(
    "rlvr:validate_uppercase",
    (True, "TEA 1!", {}),
    (False, "123", {}),
)
def validate_uppercase(response: str) -> Outcome:
    """There is a letter."""
    return said(response.isupper(), "all in capitals", "not all in capitals")


@meaning(
    "rlvr:validate_lowercase",
    (True, "tea 1!", {}),
    (False, "123", {}),
)
def validate_lowercase(response: str) -> Outcome:
    """There is a letter."""
    return said(response.islower(), "all in lower case", "not all in lower case")
