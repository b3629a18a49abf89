"""Which language a response is written in."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator

from raif.constraints.kind import CASES, Example, Outcome, kind
from raif.errors import did_you_mean
from raif.text.langdetect.language import NAMES, detect

_DRAWN = ("de", "en", "es", "fr", "it", "ja", "ko", "pt", "ru")


def known(code: str) -> str:
    if code not in NAMES:
        raise ValueError(f"not one of IFEval's languages. {did_you_mean(code, NAMES)}")
    return code


@kind(
    "language:response_language",
    wordings={
        "en": (
            "Stay with {language} from the first word to the last.",
            "Please respond only in {language}.",
            "Your whole response should be in {language}.",
        ),
        "zh": (
            "请全部用{language}回答，不得使用其他语言。",
            "整个回答只能使用{language}。",
            "请只用{language}作答。",
        ),
    },
    # a language that models write and langdetect tells apart, other than the prompt's own
    draw=lambda rng, material: {
        "language": rng.choice([code for code in _DRAWN if code != material.language])
    },
    conflicts=CASES  # they ask for English themselves
    | frozenset(
        {
            # Words and phrases from the prompt are in the prompt's language.
            "keywords:existence",
            "keywords:frequency",
            "keywords:forbidden_words",
            "length_constraints:nth_paragraph_first_word",
            "detectable_format:multiple_sections",
            "startend:end_checker",
        }
    ),
    examples=(
        Example(True, "Das ist ein sehr schöner Tag für einen Spaziergang.", {"language": "de"}),
        Example(False, "It is a very nice day for a walk in the park.", {"language": "de"}),
    ),
)
def response_language(response: str, *, language: Annotated[str, AfterValidator(known)]) -> Outcome:
    """The language that langdetect finds. A text without letters passes, as upstream."""
    found = detect(response)
    reason = "no letters to detect a language" if found is None else f"detected {found}"
    return Outcome(found in (None, language), f"{reason}, asked for {language}")
