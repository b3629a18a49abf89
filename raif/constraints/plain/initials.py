"""What words begin with, how long they are, and which of them read the same backwards."""

from __future__ import annotations

import re
from itertools import pairwise
from string import ascii_lowercase

from raif.constraints.ifbench.words import CLUSTER, PRIMES
from raif.constraints.kind import Outcome, compare
from raif.constraints.plain.common import bare, meaning, said
from raif.constraints.plain.verbs import NOT_AFTER_VERBS, is_verb
from raif.text import reader


def _initials(text: str) -> list[tuple[str, str]]:
    """(word, its first letter) for all words that have a letter."""
    found = [(word, reader.first_letter(word)) for word in reader.words(text)]
    return [(word, letter) for word, letter in found if letter]


@meaning(
    "words:alphabet",
    (True, "“Young zebras” always bite.", {}),
    (False, "A big dog.", {}),
)
def alphabet(response: str) -> Outcome:
    """Curly quotation marks are no letters."""
    found = [(word, reader.first_letter(word[:1])) for word in reader.words(response)]
    start = ascii_lowercase.find(found[0][1]) if found else -1
    if start < 0:
        return Outcome(False, "does not begin with a letter from A to Z")
    for number, (word, letter) in enumerate(found, start):
        if letter != (due := ascii_lowercase[number % 26]):
            return Outcome(False, f'"{word}" instead of a word with {due}')
    return Outcome(True, "every word begins with the next letter")


@meaning(
    "words:no_consecutive",
    (True, "“A” big cat.", {}),
    (False, "A “big” bad cat.", {}),
)
def no_consecutive(response: str) -> Outcome:
    """Curly quotation marks are no letters."""
    pairs = pairwise(_initials(response))
    clash = next((f'"{a} {b}"' for (a, one), (b, other) in pairs if one == other), None)
    return said(clash is None, "neighbours begin differently", f"{clash} begin alike")


@meaning(
    "keywords:no_adjacent_consecutive",
    (True, "Big (and) warm", {}),
    (False, "A (big) cat", {}),
)
def no_adjacent_consecutive(response: str) -> Outcome:
    """Marks before a word don't count."""
    for (a, one), (b, other) in pairwise(_initials(response)):
        if len(one) == len(other) == 1 and ord(other) - ord(one) == 1:
            return Outcome(False, f'"{a} {b}" begin with {one} and {other}')
    return Outcome(True, "no neighbours with consecutive first letters")


@meaning(
    "sentence:alliteration_increment",
    (True, "A tea. “Big black tea.”", {}),
    (False, "Big black tea. A tea.", {}),
)
def alliteration_increment(response: str) -> Outcome:
    """Curly quotation marks are no letters, and close a sentence."""
    counts = []
    for sentence in reader.sentences(response):
        letters = ["", *(letter for _, letter in _initials(sentence)), ""]
        counts.append(sum(here in (before, after) for before, here, after in _threes(letters)))
    return Outcome(all(a < b for a, b in pairwise(counts)), f"alliterating words by sentence: {counts}")


def _threes(items: list[str]) -> list[tuple[str, str, str]]:
    return [*zip(items, items[1:], items[2:], strict=False)]


@meaning(
    "sentence:increment",
    (True, "One. Two words. “Now three words.”", {"small_n": 1}),
    (False, "One. Don't you know?", {"small_n": 1}),
)
def increment(response: str, *, small_n: int) -> Outcome:
    """A dash between two words separates them, and curly quotation marks close a sentence."""
    counts = [len(reader.words(sentence)) for sentence in reader.sentences(response)]
    return Outcome(all(a + small_n == b for a, b in pairwise(counts)), f"words by sentence: {counts}")


@meaning(
    "words:consonants",
    (True, "Try – black trains.", {}),
    (False, "Try a train.", {}),
)
def consonants(response: str) -> Outcome:
    """A dash between spaces is no word."""
    wrong = next((word for word in reader.words(response) if not CLUSTER.search(word.lower())), None)
    return said(wrong is None, "two consonants in every word", f'no two consonants in "{wrong}"')


@meaning(
    "words:prime_lengths",
    (True, "“The red hat’”", {}),
    (False, "This cat is happy.", {}),
)
def prime_lengths(response: str) -> Outcome:
    """Only letters and digits count: a curly quotation mark is none."""
    lengths = [(word, sum(map(str.isalnum, word))) for word in reader.words(response)]
    wrong = next((f'"{word}" has {length} letters' for word, length in lengths if length not in PRIMES), None)
    return said(wrong is None, "only prime lengths", f"{wrong}")


@meaning(
    "words:palindrome",
    (True, "“Level”, radar! " * 5, {}),
    (False, "12321 radar " * 5, {}),
)
def palindrome(response: str) -> Outcome:
    """Words are letters: numbers don't count, and curly quotation marks don't matter."""
    found = [reader.letters(word.lower()) for word in reader.words(response) if not re.search(r"\d", word)]
    return compare(
        sum(len(word) >= 5 and word == word[::-1] for word in found), "at least", 10, "palindromes"
    )


@meaning(
    "keywords:palindrome",
    (True, "We met at Noon today.", {}),
    (False, "I had a good day.", {}),
    (False, "It is noon.", {}),
)
def palindrome_once(response: str) -> Outcome:
    """Three letters or more, in any case: "I" and "a" are no palindromes."""
    words = (word for word in response.split() if word.isalpha() and len(word) > 2)
    found = next((word for word in words if word.lower() == word.lower()[::-1]), None)
    return said(found is not None, f'"{found}" is a palindrome', "no palindrome")


@meaning(
    "words:start_verb",
    (True, "Write the letter.", {}),
    (True, "Run fast.", {}),
    (False, "Rain is falling.", {}),
    (False, "The dog barks.", {}),
)
def start_verb(response: str) -> Outcome:
    """By a list of verbs and their forms. A noun in front of its verb, as in "Love is", is none."""
    found = [bare(word) for word in reader.words(reader.unmarked(response))[:2]]
    if not found:
        return Outcome(False, "no words")
    passed = is_verb(found[0]) and not (len(found) > 1 and found[1] in NOT_AFTER_VERBS)
    return said(passed, f'"{found[0]}" is a verb', f'"{found[0]}" is no verb')


@meaning(
    "words:odd_even_syllables",
    (True, "“Happy” cats singing.", {}),
    (False, "Cats sing.", {}),
)
def odd_even_syllables(response: str) -> Outcome:
    """By the same dictionary, but marks of any kind are no part of a word."""
    from syllapy import count

    found = [word.lower().replace("’", "").replace("'", "") for word in reader.words(response)]
    odd = [count(word) % 2 for word in found]
    clash = next((i for i, (a, b) in enumerate(pairwise(odd)) if a == b), None)
    both = " ".join(found[clash : clash + 2]) if clash is not None else ""
    return said(bool(found) and clash is None, "odd and even take turns", f'"{both}" are both odd or even')
