"""IFBench's family `words`: which word stands where, and which letters and sounds words are made of."""

from __future__ import annotations

import random
import re
import string
from collections import Counter
from itertools import islice, pairwise
from string import ascii_lowercase

from raif.constraints.ifbench.common import (
    Keyword,
    Number,
    Position,
    bare_words,
    no_kwargs,
    trim,
    trim_end,
    trim_start,
)
from raif.constraints.kind import Example, Material, Outcome, compare, kind
from raif.text import sentences, tokens
from raif.text.tagger import MISSING, tagger
from raif.text.words import each_token

_CONTEXT = 3
"""The tagger looks at a word and the two after it, so no others can change the first one's tag."""
CLUSTER = re.compile("[bcdfghjklmnpqrstvwxyz]{2}")
PRIMES = frozenset(n for n in range(2, 100) if all(n % divisor for divisor in range(2, n)))


def _single(rng: random.Random, material: Material) -> str:
    """A keyword that is a single token."""
    return rng.choice([word for word in material.words if word.isalnum()] or ["today"])


@kind(
    "words:start_verb",
    wordings={"en": ("Your first word must be a verb.", "Open your answer with a verb.")},
    draw=no_kwargs,
    examples=(Example(True, "Write it down.", {}), Example(False, "The dog barks.", {})),
)
def start_verb(response: str) -> Outcome:
    """By NLTK's tagger, which takes "Run" in "Run fast" for a noun."""
    start = [*islice(each_token(response), _CONTEXT)]
    if not start:
        return Outcome(False, "no words")
    model = tagger()
    if model is None:
        return Outcome(None, MISSING)
    word, tag = model.tag(start)[0]
    return Outcome("VB" in tag, f'"{word}" is tagged {tag}')


@kind(
    "words:repeats",
    wordings={"en": ("Use no word more than {small_n:time}.", "A word may occur {small_n:time} at most.")},
    draw=lambda rng, material: {"small_n": rng.randint(2, 5)},
    examples=(
        Example(True, "Tea, tea and milk.", {"small_n": 2}),
        Example(False, "Tea, tea and tea.", {"small_n": 2}),
    ),
)
def repeats(response: str, *, small_n: Number) -> Outcome:
    """Words without punctuation, in any case."""
    ((word, times),) = Counter(bare_words(response.lower())).most_common(1) or [("", 0)]
    return Outcome(times <= small_n, f'"{word}" {times} times, asked for at most {small_n}')


@kind(
    "words:last_first",
    wordings={"en": ("Begin each sentence with the word that the one before it ended in.",)},
    draw=no_kwargs,
    examples=(
        Example(True, "I like cats. Cats are nice.", {}),
        Example(False, "I like cats. They are nice.", {}),
    ),
)
def last_first(response: str) -> Outcome:
    """Punctuation after a first word belongs to it: "Cats, too" does not begin with "cats"."""
    for one, other in pairwise(sentences(response)):
        last, first = trim_end(one).lower().split()[-1:], trim_start(other).lower().split()[:1]
        if not last or last != first:
            return Outcome(False, f'"{" ".join(first)}" follows "{" ".join(last)}"')
    return Outcome(True, "every sentence begins as the last one ended")


@kind(
    "words:paragraph_last_first",
    wordings={"en": ("Put each paragraph on a line and end it with the word that it began with.",)},
    draw=no_kwargs,
    examples=(
        Example(True, "Dogs love dogs.\nCats love cats.", {}),
        Example(False, "Dogs love dogs.\nCats love fish.", {}),
    ),
)
def paragraph_last_first(response: str) -> Outcome:
    """In any case, without punctuation at a line's ends. Blank lines are ignored."""
    for line in response.lower().split("\n"):
        found = trim(line.strip()).split()
        if found and found[0] != found[-1]:
            return Outcome(False, f'a paragraph from "{found[0]}" to "{found[-1]}"')
    return Outcome(True, "every paragraph ends as it began")


@kind(
    "words:keywords_specific_position",
    wordings={"en": ('Word {m} of sentence {n} must be "{keyword}".',)},
    draw=lambda rng, material: {
        "keyword": _single(rng, material),
        "n": rng.randint(1, 5),
        "m": rng.randint(1, 10),
    },
    examples=(
        Example(True, 'One. "The big" cat.', {"keyword": "Cat", "n": 2, "m": 3}),
        Example(False, 'One. "The big" dog.', {"keyword": "Cat", "n": 2, "m": 3}),
    ),
)
def keywords_specific_position(response: str, *, keyword: Keyword, n: Position, m: Position) -> Outcome:
    """The mth of NLTK's tokens with a letter or digit in the nth of Punkt's sentences, in any case."""
    sentence = "".join(sentences(response)[n - 1 : n])
    found = [token for token in tokens(sentence) if any(map(str.isalnum, token))]
    if len(found) < m:
        return Outcome(False, f"no word {m} in sentence {n}")
    passed = found[m - 1].lower() == keyword.strip().lower()
    return Outcome(passed, f'word {m} of sentence {n} is "{found[m - 1]}", asked for "{keyword}"')


@kind(
    "words:words_position",
    wordings={"en": ('Make "{keyword}" both your second word and your second to last.',)},
    draw=lambda rng, material: {"keyword": _single(rng, material)},
    examples=(
        Example(True, "A dog is a Dog here.", {"keyword": "dog"}),
        Example(False, "A dog is here.", {"keyword": "dog"}),
    ),
)
def words_position(response: str, *, keyword: Keyword) -> Outcome:
    """Punctuation marks are words too, except for one ASCII mark at the very end."""
    found = [token.lower() for token in tokens(response)]
    if found and found[-1] in string.punctuation:
        found.pop()
    if len(found) < 2:
        return Outcome(False, "fewer than two words")
    passed = found[1] == found[-2] == keyword.strip().lower()
    return Outcome(passed, f'"{found[1]}" and "{found[-2]}", asked for "{keyword}"')


@kind(
    "words:alphabet",
    wordings={
        "en": ("Let each word begin with the letter of the alphabet after the last word's; A follows Z.",)
    },
    draw=no_kwargs,
    examples=(Example(True, "Young zebras always bite.", {}), Example(False, "A big dog.", {})),
)
def alphabet(response: str) -> Outcome:
    """Words without punctuation, in any case."""
    found = bare_words(response)
    start = ascii_lowercase.find(found[0][0].lower()) if found else -1
    if start < 0:
        return Outcome(False, "does not begin with a letter from A to Z")
    for number, word in enumerate(found, start):
        if word.lower()[0] != (due := ascii_lowercase[number % 26]):
            return Outcome(False, f'"{word}" instead of a word with {due}')
    return Outcome(True, "every word begins with the next letter")


@kind(
    "words:vowel",
    wordings={"en": ("Write one paragraph whose words have no more than three different vowels in all.",)},
    draw=no_kwargs,
    examples=(Example(True, "An iced tea.", {}), Example(False, "An iced tea for you.", {})),
)
def vowel(response: str) -> Outcome:
    """One line with at most three of a, e, i, o and u, in any case."""
    if "\n" in response.strip():
        return Outcome(False, "more than one line")
    used = sorted(set("aeiou") & set(response.lower()))
    return Outcome(len(used) <= 3, f"vowels: {' '.join(used)}")


@kind(
    "words:consonants",
    wordings={"en": ("Two consonants or more must stand together in each of your words.",)},
    draw=no_kwargs,
    examples=(Example(True, "Try black trains.", {}), Example(False, "Try a train.", {})),
)
def consonants(response: str) -> Outcome:
    """A dash between spaces is a word without consonants."""
    wrong = next((word for word in response.lower().split() if not CLUSTER.search(word)), None)
    return Outcome(
        wrong is None, f'no two consonants in "{wrong}"' if wrong else "two consonants in every word"
    )


@kind(
    "words:palindrome",
    wordings={"en": ("Use at least ten words of five letters or more that read the same backwards.",)},
    draw=no_kwargs,
    examples=(Example(True, "Level, radar! " * 5, {}), Example(False, "Level, noon. " * 5, {})),
)
def palindrome(response: str) -> Outcome:
    """The same word ten times is enough."""
    found = sum(1 for word in bare_words(response.lower()) if len(word) >= 5 and word == word[::-1])
    return compare(found, "at least", 10, "palindromes")


@kind(
    "words:prime_lengths",
    wordings={"en": ("The length of each word must be a prime number of letters.",)},
    draw=no_kwargs,
    examples=(Example(True, "The cat is happy.", {}), Example(False, "This cat is happy.", {})),
)
def prime_lengths(response: str) -> Outcome:
    """Up to 97 letters; a longer word fails."""
    wrong = next((word for word in bare_words(response) if len(word) not in PRIMES), None)
    return Outcome(wrong is None, f'"{wrong}" has {len(wrong)} letters' if wrong else "only prime lengths")


@kind(
    "words:odd_even_syllables",
    wordings={"en": ("Take turns between words with an odd and words with an even number of syllables.",)},
    draw=no_kwargs,
    examples=(Example(True, "Happy cats singing.", {}), Example(False, "Cats sing.", {})),
)
def odd_even_syllables(response: str) -> Outcome:
    """By syllapy's dictionary and rules. A word with a digit has no syllables."""
    from syllapy import count

    found = bare_words(response.lower())
    parity = {word: count(word) % 2 for word in set(found)}
    odd = [parity[word] for word in found]
    clash = next((i for i, (a, b) in enumerate(pairwise(odd)) if a == b), None)
    if clash is None:
        return Outcome(True, "odd and even take turns")
    both = "odd" if odd[clash] else "even"
    return Outcome(False, f'"{found[clash]} {found[clash + 1]}" are both {both}')


@kind(
    "words:no_consecutive",
    wordings={"en": ("Two words in a row must never begin with the same letter.",)},
    draw=no_kwargs,
    examples=(Example(True, "A big cat.", {}), Example(False, "A big bad cat.", {})),
)
def no_consecutive(response: str) -> Outcome:
    """Words without punctuation, in any case."""
    pairs = pairwise(bare_words(response.lower()))
    clash = next((f'"{a} {b}"' for a, b in pairs if a[0] == b[0]), None)
    return Outcome(clash is None, f"{clash} begin alike" if clash else "neighbours begin differently")
