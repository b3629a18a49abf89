"""What kinds mean to the method's own training checker, if that differs from IFEval's official one.

This is the dialect `reference` (arXiv 2506.01413). Keywords are literal, three kinds know Chinese relation
words, code fences are stripped as sets of characters, a repeated prompt may follow a quotation mark, and
nearly anything with tags is XML. If that checker draws a random value (no keywords) or raises (an unknown
relation), `bind` raises. It writes the pattern of highlights differently, but counts the same ones.
"""

from __future__ import annotations

import re
from typing import Annotated, Literal

from pydantic import Field

from raif.constraints import length
from raif.constraints.format import json_outcome
from raif.constraints.kind import Count, Example, Outcome, Relation, Text, compare, variant
from raif.constraints.wording import joined
from raif.constraints.xml import xml_outcome

Words = Annotated[list[str], Field(min_length=1)]
AnyRelation = Literal["less than", "at least", "少于", "至少"]
_ENGLISH: dict[AnyRelation, Relation] = {
    "less than": "less than",
    "at least": "at least",
    "少于": "less than",
    "至少": "at least",
}


@variant(
    "keywords:existence",
    "reference",
    examples=(
        Example(True, "I write c++.", {"keywords": ["C++"]}),
        Example(False, "I write Cxx.", {"keywords": ["C.."]}),
    ),
)
def existence(response: str, *, keywords: Words) -> Outcome:
    """Each keyword is searched for literally, in any case, also within words."""
    missing = [word for word in keywords if not re.search(re.escape(word), response, re.IGNORECASE)]
    return Outcome(not missing, f"no {joined(missing, 'en')}" if missing else "all keywords found")


@variant(
    "keywords:frequency",
    "reference",
    examples=(
        Example(True, "C++ and c++", {"keyword": "C++", "frequency": 2, "relation": "至少"}),
        Example(False, "C++ and c++", {"keyword": "C++", "frequency": 2, "relation": "少于"}),
    ),
)
def frequency(response: str, *, keyword: Text, frequency: Count, relation: AnyRelation) -> Outcome:
    """Counts the literal keyword, in any case, also within words. The relation may be in Chinese."""
    word = keyword.strip()
    found = len(re.findall(re.escape(word), response, re.IGNORECASE))
    return compare(found, _ENGLISH[relation], frequency, f'times "{word}"')


@variant(
    "keywords:forbidden_words",
    "reference",
    examples=(
        Example(True, "You cannot win.", {"forbidden_words": ["can", "w.n"]}),
        Example(False, "You can't win.", {"forbidden_words": ["can"]}),
    ),
)
def forbidden_words(response: str, *, forbidden_words: Words) -> Outcome:
    """No word is found literally between word boundaries, in any case."""
    used = [word for word in forbidden_words if re.search(rf"\b{re.escape(word)}\b", response, re.IGNORECASE)]
    return Outcome(not used, f"contains {joined(used, 'en')}" if used else "no forbidden word")


@variant(
    "length_constraints:number_sentences",
    "reference",
    examples=(
        Example(True, "One. Two.", {"num_sentences": 2, "relation": "至少"}),
        Example(False, "One. Two.", {"num_sentences": 2, "relation": "少于"}),
    ),
)
def number_sentences(response: str, *, num_sentences: Count, relation: AnyRelation) -> Outcome:
    """Counts as the official checker does. The relation may be in Chinese."""
    return length.number_sentences(response, num_sentences=num_sentences, relation=_ENGLISH[relation])


@variant(
    "length_constraints:number_words",
    "reference",
    examples=(
        Example(True, "Four words are here.", {"num_words": 4, "relation": "至少"}),
        Example(False, "Four words are here.", {"num_words": 4, "relation": "少于"}),
    ),
)
def number_words(response: str, *, num_words: Count, relation: AnyRelation) -> Outcome:
    """Counts as the official checker does. The relation may be in Chinese."""
    return length.number_words(response, num_words=num_words, relation=_ENGLISH[relation])


@variant(
    "detectable_format:json_format",
    "reference",
    examples=(
        Example(True, '```js\n{"tea": "hot"}\n```', {}),
        Example(False, "null", {}),
    ),
)
def json_format(response: str) -> Outcome:
    """A bare `null` or `NaN` loses its first letter with the fence, and `json [1]` its first word."""
    return json_outcome(_stripped(response, "json"))


@variant(
    "detectable_format:xml_format",
    "reference",
    examples=(
        Example(True, "See <b>here</i> & there", {}),
        Example(False, "<b>here<b>", {}),
    ),
)
def xml_format(response: str) -> Outcome:
    """Well-formed, or with `<`, `>`, `</` and `>` in this order, whatever is around and between them."""
    text = _stripped(response, "xml")
    return Outcome(True, "has tags") if _tagged(text) else xml_outcome(text)


@variant(
    "combination:repeat_prompt",
    "reference",
    examples=(
        Example(True, '"Say hi." Hi!', {"prompt_to_repeat": "Say hi."}),
        Example(False, "“Say hi.” Hi!", {"prompt_to_repeat": "Say hi."}),
    ),
)
def repeat_prompt(response: str, *, prompt_to_repeat: str) -> Outcome:
    """A straight quotation mark may precede the request. An empty prompt can't be repeated."""
    wanted = prompt_to_repeat.strip().lower()
    starts = response.strip().lower().startswith((wanted, f"'{wanted}", f'"{wanted}'))
    passed = bool(prompt_to_repeat) and starts
    return Outcome(passed, f"the response {'starts' if passed else 'does not start'} with the request")


def _stripped(response: str, language: str) -> str:
    """Without leading backticks and letters of the language's name, and without trailing backticks."""
    text = response.strip()
    for name in (language, language.capitalize(), language.upper()):
        text = text.lstrip(f"`{name}")
    return text.lstrip("`").rstrip("`").strip()


def _tagged(text: str) -> bool:
    for mark in ("<", ">", "</", ">"):
        _, found, text = text.partition(mark)
        if not found:
            return False
    return True
