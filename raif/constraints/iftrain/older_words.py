"""RLVR-IFeval's functions about words, letters, case, length and language: `rlvr:` and upstream's name.

One constraint a prompt, with upstream's own names for the kwargs. Its rows give one exact number where IFEval
has a relation.
"""

from __future__ import annotations

import random
import re
from typing import Annotated, Any

from pydantic import Field

from raif.constraints.iftrain.common import IFEVAL, TRAINING, no_kwargs, single, two
from raif.constraints.kind import Example, Material, Outcome, Text, exactly, kind
from raif.text.langdetect.language import NAMES, detect

ALONE = IFEVAL | TRAINING
"""The data has one constraint a prompt, so that none is asked together with another kind."""
Number = Annotated[int | float, Field(allow_inf_nan=False)]
Several = list[str] | str
"""A string stands for the list of its characters."""
_WORD = re.compile(r"\b\w+\b")
_CAPITALS = re.compile(r"\b[A-Z]+\b")
_SENTENCE_END = re.compile(r"(?<=[.?!])(?<!\w\.\w[.?!])(?<![A-Z][a-z]\.)\s")
QUANTIFIERS = ("at least", "at most", "around")


def compared(count: int, quantifier: str, number: float, noun: str, *, slack: int) -> Outcome:
    """`around` allows `slack` more or less. Any other quantifier but three fails."""
    passed = {
        "at least": count >= number,
        "at most": count <= number,
        "around": abs(count - number) <= slack,
    }.get(quantifier, False)
    return Outcome(passed, f"{count} {noun}, asked for {quantifier} {number}")


def a_tenth(number: float) -> int:
    return max(round(number * 0.1), 1)


def _draw_number(low: int, high: int) -> Any:
    def draw(rng: random.Random, material: Material) -> dict[str, Any]:
        return {"N": rng.randint(low, high), "quantifier": rng.choice(QUANTIFIERS)}

    return draw


@kind(
    "rlvr:verify_keywords",
    wordings={
        "en": ("Include the keywords {keyword_list} in your response.",),
        "zh": ("回答中要包含关键词{keyword_list}。",),
    },
    draw=lambda rng, material: {"keyword_list": two(rng, material)},
    conflicts=ALONE,
    examples=(
        Example(True, "Sunny MOON", {"keyword_list": ["sun", "moon"]}),
        Example(False, "The sun", {"keyword_list": ["sun", "moon"]}),
    ),
)
def verify_keywords(response: str, *, keyword_list: Several) -> Outcome:
    """Each entry occurs, in any case, also within words."""
    text = response.lower()
    missing = [word for word in keyword_list if word.lower() not in text]
    return Outcome(not missing, f"missing: {missing}" if missing else "all keywords found")


@kind(
    "rlvr:verify_keyword_frequency",
    wordings={
        "en": ('In your response, the word "{word}" should appear {N:time}.',),
        "zh": ("“{word}”这个词在回答中应恰好出现{N}次。",),
    },
    draw=lambda rng, material: {"word": single(rng, material), "N": rng.randint(1, 3)},
    conflicts=ALONE,
    examples=(
        Example(True, "Tea, teas, TEA.", {"word": "tea", "N": 2}),
        Example(False, "I don't.", {"word": "don't", "N": 1}),
    ),
)
def verify_keyword_frequency(response: str, *, word: str, N: Number) -> Outcome:
    r"""Whole runs of `\w`, in any case: words with an apostrophe and phrases never count."""
    return exactly(_WORD.findall(response.lower()).count(word.lower()), N, f'times "{word}"')


@kind(
    "rlvr:validate_forbidden_words",
    wordings={
        "en": ("Do not include the keywords {forbidden_words} in the response.",),
        "zh": ("回答中不得包含{forbidden_words}。",),
    },
    draw=lambda rng, material: {"forbidden_words": two(rng, material)},
    conflicts=ALONE,
    examples=(
        Example(True, "You will not.", {"forbidden_words": ["can"]}),
        Example(False, "You cannot.", {"forbidden_words": ["can"]}),
    ),
)
def validate_forbidden_words(response: str, *, forbidden_words: Several) -> Outcome:
    """No entry occurs, in any case, not even within a word."""
    text = response.lower()
    used = [word for word in forbidden_words if word.lower() in text]
    return Outcome(not used, f"contains {used}" if used else "no forbidden word")


@kind(
    "rlvr:verify_letter_frequency",
    wordings={
        "en": ('In your response, the letter "{letter}" should appear {N:time}, in this case.',),
        "zh": ("回答中“{letter}”这个字母应恰好出现{N}次，区分大小写。",),
    },
    draw=lambda rng, material: {"letter": rng.choice("aeiounrst"), "N": rng.randint(3, 10)},
    conflicts=ALONE,
    examples=(
        Example(True, "Anna", {"letter": "n", "N": 2}),
        Example(False, "Anna", {"letter": "a", "N": 2}),
    ),
)
def verify_letter_frequency(
    response: str, *, letter: Annotated[str, Field(min_length=1, max_length=1)], N: Number
) -> Outcome:
    """Case matters."""
    return exactly(response.count(letter), N, f'times the letter "{letter}"')


@kind(
    "rlvr:validate_response_language",
    wordings={
        "en": ("Use {language} from start to end, and no other language.",),
        "zh": ("整个回答只能用{language}，不得使用其他语言。",),
    },
    draw=lambda rng, material: {"language": rng.choice(sorted(NAMES))},
    conflicts=ALONE,
    examples=(
        Example(True, "This is a rather long sentence in English.", {"language": "en"}),
        Example(False, "12345", {"language": "en"}),
    ),
)
def validate_response_language(response: str, *, language: Text) -> Outcome:
    """langdetect's code. A text without a language fails; upstream raises."""
    found = detect(response)
    return Outcome(found == language, f"language {found or 'unknown'}, asked for {language}")


@kind(
    "rlvr:validate_word_constraint",
    wordings={"en": ("Answer with {quantifier} {N:word}.",), "zh": ("回答的词数应{quantifier}{N}。",)},
    draw=_draw_number(40, 200),
    conflicts=ALONE,
    examples=(
        Example(True, "w " * 23, {"N": 25, "quantifier": "around"}),
        Example(False, "w " * 22, {"N": 25, "quantifier": "around"}),
    ),
)
def validate_word_constraint(response: str, *, N: Number, quantifier: str) -> Outcome:
    """Words are what white space separates. "around" means a tenth more or less, halves rounded to even."""
    return compared(len(response.split()), quantifier, N, "words", slack=a_tenth(N))


@kind(
    "rlvr:verify_sentence_constraint",
    wordings={"en": ("Answer with {quantifier} {N:sentence}.",), "zh": ("回答的句数应{quantifier}{N}。",)},
    draw=_draw_number(2, 8),
    conflicts=ALONE,
    examples=(
        Example(True, "See e.g. this. Done!", {"N": 2, "quantifier": "at most"}),
        Example(False, "One. Two? Three! Four.", {"N": 2, "quantifier": "around"}),
    ),
)
def verify_sentence_constraint(response: str, *, N: Number, quantifier: str) -> Outcome:
    """White space after `.`, `?` or `!` ends one, but not after `e.g.` or `Mr.`; "around" is one off."""
    found = len(_SENTENCE_END.findall(response)) + 1
    return compared(found, quantifier, N, "sentences", slack=1)


@kind(
    "rlvr:validate_uppercase",
    wordings={
        "en": ("Your entire response should be in capital letters only.",),
        "zh": ("整个回答的英文字母全部大写。",),
    },
    draw=no_kwargs,
    conflicts=ALONE,
    examples=(Example(True, "TEA 1!", {}), Example(False, "Tea", {})),
)
def validate_uppercase(response: str) -> Outcome:
    """The text equals itself in upper case; its language doesn't matter."""
    return Outcome(response == response.upper(), "compared with the text in capitals")


@kind(
    "rlvr:validate_lowercase",
    wordings={
        "en": ("Write all of it in lowercase, without one capital letter.",),
        "zh": ("整个回答的英文字母全部小写，不得有大写字母。",),
    },
    draw=no_kwargs,
    conflicts=ALONE,
    examples=(Example(True, "tea 1!", {}), Example(False, "Tea", {})),
)
def validate_lowercase(response: str) -> Outcome:
    """The text equals itself in lower case; its language doesn't matter."""
    return Outcome(response == response.lower(), "compared with the text in lower case")


@kind(
    "rlvr:validate_frequency_capital_words",
    wordings={
        "en": ("Words all in capitals have to occur {quantifier} {N:time}.",),
        "zh": ("回答中全大写的英文单词出现的次数应{quantifier}{N}。",),
    },
    draw=_draw_number(2, 8),
    conflicts=ALONE,
    examples=(
        Example(True, "DON'T", {"N": 2, "quantifier": "at least"}),
        Example(False, "Don't", {"N": 1, "quantifier": "at least"}),
    ),
)
def validate_frequency_capital_words(response: str, *, N: Number, quantifier: str) -> Outcome:
    """Runs of the letters A to Z between word boundaries: `DON'T` and `U.S.` are two each."""
    return compared(len(_CAPITALS.findall(response)), quantifier, N, "words in capitals", slack=a_tenth(N))
