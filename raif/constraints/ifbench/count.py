"""How many of something a response has: words, names, numbers, pronouns, punctuation marks."""

from __future__ import annotations

import random
import re
from typing import Annotated, Any

from pydantic import AfterValidator, ValidationInfo

from raif.constraints.ifbench.common import Draw, Keyword, Number, Position, bare, no_kwargs, trim
from raif.constraints.kind import Example, Material, Outcome, compare, exactly, kind
from raif.text import count_words, tokens, words
from raif.text.han import COMMON_HAN

CONJUNCTIONS = frozenset(("and", "but", "for", "nor", "or", "so", "yet"))
_INTERROBANGS = ("?!", "!?", "‽")
JAPANESE = re.compile(f"[\u3040-\u30ff{COMMON_HAN}]")
_KEYWORDS = ("bridge", "harbour", "lantern", "meadow", "orchard", "puzzle", "violin", "winter")
_TIMES = (1, 2, 3, 5, 7)
FIFTY_NAMES = frozenset(
    words("""
    Abigail Alexander Amelia Andrew Aria Audrey Ava Benjamin Charlotte Chloe Christopher Claire Daniel David
    Elijah Ella Emma Ethan Gabriel Grace Hannah Harper Isabella Jackson Jacob Jonathan Joseph Layla Leo Liam
    Lily Lucas Mason Matthew Mia Nathan Nicholas Noah Nora Olivia Owen Penelope Ryan Samuel Scarlett Sophia
    Stella Thomas Victoria Zoe
    """)
)
_PRONOUNS = frozenset(
    words("""
    all any anybody anyone anything both each either everybody everyone everything he her hers herself him
    himself his i it its itself me mine my myself neither nobody none nothing our ours ourselves she some
    somebody someone something that their theirs them themselves these they this those us we what whatever
    which whichever who whoever whom whomever whose you your yours yourself yourselves
    """)
)


def _draw_range(rng: random.Random, material: Material) -> dict[str, Any]:
    """At least 30 to 100 words, and at most 5 to 30 more."""
    least = rng.randint(30, 100)
    return {"min_words": least, "max_words": least + rng.randint(5, 30)}


def _draw_number(least: int, most: int, name: str = "N") -> Draw:
    return lambda rng, material: {name: rng.randint(least, most)}


def from_least(most: int, info: ValidationInfo) -> int:
    if most < info.data.get("min_words", most):
        raise ValueError(f"less than min_words, {info.data['min_words']}")
    return most


@kind(
    "count:word_count_range",
    wordings={
        "en": (
            "Use no fewer than {min_words} and no more than {max_words:word}.",
            "The length of your answer should lie between {min_words} and {max_words:word}.",
        )
    },
    draw=_draw_range,
    examples=(
        Example(True, "It's a dog.", {"min_words": 4, "max_words": 5}),
        Example(False, "It is.", {"min_words": 4, "max_words": 5}),
    ),
)
def word_count_range(
    response: str, *, min_words: Number, max_words: Annotated[Number, AfterValidator(from_least)]
) -> Outcome:
    r"""Runs of `\w+`, as in IFEval's number of words. Both bounds are inclusive."""
    count = count_words(response)
    return Outcome(min_words <= count <= max_words, f"{count} words, asked for {min_words} to {max_words}")


@kind(
    "count:unique_word_count",
    wordings={"en": ("Use at least {N:different word}.", "At least {N:distinct word} should occur.")},
    draw=_draw_number(20, 80),
    examples=(Example(True, "Cat, dog.", {"N": 2}), Example(False, "Cat, cat.", {"N": 2})),
)
def unique_word_count(response: str, *, N: Number) -> Outcome:
    """A token of punctuation alone counts as one word, the empty one."""
    found = {trim(word) for word in response.lower().split()}
    return compare(len(found), "at least", N, "different words")


@kind(
    "count:conjunctions",
    wordings={"en": ("Use at least {small_n:different coordinating conjunction}.",)},
    draw=_draw_number(2, 5, "small_n"),
    examples=(
        Example(True, "Tea and milk, or water.", {"small_n": 2}),
        Example(False, "Tea and milk and water.", {"small_n": 2}),
    ),
)
def conjunctions(response: str, *, small_n: Number) -> Outcome:
    """Different spellings are different: "and", "And" and "and," are three."""
    found = {word for word in response.split() if trim(word).lower() in CONJUNCTIONS}
    return compare(len(found), "at least", small_n, "different conjunctions")


@kind(
    "count:person_names",
    wordings={
        "en": (
            "Mention at least {N:different first name} of people, such as Emma, Liam or Sophia.",
            "At least {N:different person} should be called by a common first name.",
        )
    },
    draw=_draw_number(2, 10),
    examples=(Example(True, "Emma met Leo.", {"N": 2}), Example(False, "Emma met emma.", {"N": 2})),
)
def person_names(response: str, *, N: Number) -> Outcome:
    """Only the fifty names on the benchmark's own list count."""
    return compare(len(FIFTY_NAMES.intersection(words(response))), "at least", N, "known names")


@kind(
    "count:numbers",
    wordings={"en": ("Your answer should hold exactly {N:number}.", "Write exactly {N:number} in digits.")},
    draw=_draw_number(1, 10),
    examples=(Example(True, "3.5 of 10", {"N": 2}), Example(False, "3 5 of 10", {"N": 2})),
)
def numbers(response: str, *, N: Number) -> Outcome:
    """Without its punctuation "3.5" is one number, and so is "1-2"."""
    return exactly(len(re.findall(r"\d+", bare(response))), N, "numbers")


@kind(
    "count:punctuation",
    wordings={"en": ("Use each of . , ! ? ; : at least once, and an interrobang (?!) as well.",)},
    draw=no_kwargs,
    examples=(Example(True, "a. b, c! d? e; f: g?!", {}), Example(False, "a. b, c d e; f: g?!", {})),
)
def punctuation(response: str) -> Outcome:
    """The marks of the interrobang don't count; those of a second one do."""
    if not any(mark in response for mark in _INTERROBANGS):
        return Outcome(False, "no interrobang")
    rest = response.replace("?!" if "?!" in response else "!?", "", 1)
    missing = [mark for mark in ".,!?;:" if mark not in rest]
    return Outcome(not missing, f"no {' '.join(missing)}" if missing else "every mark is used")


@kind(
    "count:pronouns",
    wordings={"en": ("Use at least {N:pronoun}.", "There should be no fewer than {N:pronoun}.")},
    draw=_draw_number(3, 30),
    examples=(Example(True, "She/her knew it.", {"N": 3}), Example(False, "Emma knew it.", {"N": 3})),
)
def pronouns(response: str, *, N: Number) -> Outcome:
    """NLTK's word tokens on the benchmark's list of pronouns, in any case. A slash separates words."""
    found = sum(1 for token in tokens(response.replace("/", " ").lower()) if token in _PRONOUNS)
    return compare(found, "at least", N, "pronouns")


@kind(
    "count:words_japanese",
    wordings={"en": ("Counting through your answer, write word {N} and every multiple of it in Japanese.",)},
    draw=_draw_number(3, 20),
    examples=(Example(True, "my 犬 eats 12", {"N": 2}), Example(False, "my dog", {"N": 2})),
)
def words_japanese(response: str, *, N: Position) -> Outcome:
    """Numbers and bare punctuation need not be Japanese."""
    due = [trim(word) for word in response.split()[N - 1 :: N]]
    wrong = [word for word in due if word and not word.isdigit() and not JAPANESE.search(word)]
    return Outcome(not wrong, f'"{wrong[0]}" is not Japanese' if wrong else f"all {len(due)} are Japanese")


@kind(
    "count:keywords_multiple",
    wordings={
        "en": (
            'Use the word "{keyword1}" once, "{keyword2}" twice, "{keyword3}" three times, "{keyword4}" five '
            'times and "{keyword5}" seven times.',
        )
    },
    # five of eight words, none of which is part of another
    draw=lambda rng, material: {f"keyword{n}": word for n, word in enumerate(rng.sample(_KEYWORDS, 5), 1)},
    examples=(
        Example(True, "a bb ccc ddddd eeeeeee", {f"keyword{n}": c for n, c in enumerate("abcde", 1)}),
        Example(False, "a b ccc ddddd eeeeeee", {f"keyword{n}": c for n, c in enumerate("abcde", 1)}),
    ),
)
def keywords_multiple(
    response: str,
    *,
    keyword1: Keyword,
    keyword2: Keyword,
    keyword3: Keyword,
    keyword4: Keyword,
    keyword5: Keyword,
) -> Outcome:
    """Exactly as often as asked, also inside other words."""
    text = response.lower()
    for keyword, times in zip((keyword1, keyword2, keyword3, keyword4, keyword5), _TIMES, strict=True):
        if (found := text.count(keyword.strip().lower())) != times:
            return exactly(found, times, f'times "{keyword}"')
    return Outcome(True, "every keyword as often as asked")
