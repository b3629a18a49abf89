"""IFBench's family `words`, first half: which letters and sounds the words are made of."""

from __future__ import annotations

import re
from itertools import pairwise
from string import ascii_lowercase

from raif.constraints.ifbench.common import bare_words, no_kwargs
from raif.constraints.kind import Example, Outcome, compare, kind

_CLUSTER = re.compile("[bcdfghjklmnpqrstvwxyz]{2}")
_PRIMES = frozenset(n for n in range(2, 100) if all(n % divisor for divisor in range(2, n)))


@kind(
    "words:alphabet",
    wordings={
        "en": ("Let each word begin with the letter of the alphabet after the last word's; A follows Z.",)
    },
    draw=no_kwargs,
    examples=(Example(True, "Young zebras always bite.", {}), Example(False, "A big dog.", {})),
)
def alphabet(response: str) -> Outcome:
    """Words without their punctuation, in either case."""
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
    """One line, in which at most three of a, e, i, o and u occur, in either case."""
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
    """A dash that stands alone is a word without them."""
    wrong = next((word for word in response.lower().split() if not _CLUSTER.search(word)), None)
    return Outcome(wrong is None, f'none in "{wrong}"' if wrong else "two consonants in every word")


@kind(
    "words:palindrome",
    wordings={"en": ("Use at least ten words of five letters or more that read the same backwards.",)},
    draw=no_kwargs,
    examples=(Example(True, "Level, radar! " * 5, {}), Example(False, "Level, noon. " * 5, {})),
)
def palindrome(response: str) -> Outcome:
    """The same word ten times will do."""
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
    wrong = next((word for word in bare_words(response) if len(word) not in _PRIMES), None)
    return Outcome(wrong is None, f'"{wrong}" has {len(wrong)} letters' if wrong else "only prime lengths")


@kind(
    "words:odd_even_syllables",
    wordings={"en": ("Take turns between words with an odd and words with an even number of syllables.",)},
    draw=no_kwargs,
    examples=(Example(True, "Happy cats singing.", {}), Example(False, "Cats sing.", {})),
)
def odd_even_syllables(response: str) -> Outcome:
    """By the dictionary and rules of syllapy, to which a word with a digit has no syllables."""
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
    """Words without their punctuation, in either case."""
    pairs = pairwise(bare_words(response.lower()))
    clash = next((f'"{a} {b}"' for a, b in pairs if a[0] == b[0]), None)
    return Outcome(clash is None, f"{clash} begin alike" if clash else "neighbours begin differently")
