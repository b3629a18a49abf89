"""First and last words, closing phrases, quotation marks around everything, and words at a given place."""

from __future__ import annotations

import re
from itertools import pairwise

from raif.constraints.ifbench.common import Position
from raif.constraints.iftrain.common import FirstOf
from raif.constraints.kind import Outcome, Text
from raif.constraints.plain.common import bare, ends_with, meaning, occurrences, said, starts_with
from raif.text import reader

_QUOTES = {'"': '"', "“": "”", "„": "“", "«": "»", "＂": "＂"}


@meaning(
    "first_word:first_word_answer",
    (True, "Well, yes.", {"first_word": "well"}),
    (False, "Wellness matters.", {"first_word": "well"}),
)
def first_word_answer(response: str, *, first_word: Text) -> Outcome:
    """Marks around the word are no part of it: "Well," is "well"."""
    passed = starts_with(first_word, response)
    return Outcome(passed, f'begins with "{response.strip()[:40]}", asked for "{first_word.strip()}"')


@meaning(
    "first_word:first_word_sent",
    (True, "We, too, ran. “We won!”", {"first_word": "we"}),
    (False, "We ran. They won!", {"first_word": "we"}),
)
def first_word_sent(response: str, *, first_word: FirstOf) -> Outcome:
    """Marks around the word are no part of it. Sentences are those of IFEval, not of another splitter."""
    found = reader.sentences(response)
    other = next((one for one in found if not starts_with(first_word, one)), None)
    passed = bool(found) and other is None
    return said(passed, "all sentences begin with it", f'"{(other or "")[:40]}" begins otherwise')


@meaning(
    "last_word:last_word_answer",
    (True, "This is it!", {"last_word": "it"}),
    (False, "I know its.", {"last_word": "it's"}),
)
def last_word_answer(response: str, *, last_word: Text) -> Outcome:
    """Marks around the word are no part of it, but an apostrophe in it is: "its" is not "it's"."""
    passed = ends_with(last_word, response)
    return Outcome(passed, f'ends with "{response.strip()[-40:]}", asked for "{last_word.strip()}"')


@meaning(
    "last_word:last_word_sent",
    (True, "I like it. You (too) like “it.”", {"last_word": "it"}),
    (False, "I like it. You don't.", {"last_word": "it"}),
)
def last_word_sent(response: str, *, last_word: FirstOf) -> Outcome:
    """As `last_word:last_word_answer`, in IFEval's sentences."""
    found = reader.sentences(response)
    other = next((one for one in found if not ends_with(last_word, one)), None)
    passed = bool(found) and other is None
    return said(passed, "all sentences end with it", f'"{(other or "")[-40:]}" ends otherwise')


@meaning(
    "keywords:start_end",
    (True, "Tea or tea", {}),
    (False, "Tea or tea.", {}),
    (False, "Tea", {}),
)
def start_end(response: str) -> Outcome:
    """Marks before the first word don't count, those after the last one do; "don't" is one word."""
    found = [bare(word) for word in reader.words(response)]
    if len(found) < 2 or not response.strip()[-1].isalnum():
        return Outcome(False, "fewer than two words, or a mark at the end")
    return Outcome(found[0] == found[-1], f'starts with "{found[0]}" and ends with "{found[-1]}"')


@meaning(
    "words:words_position",
    (True, "A dog, it is a dog here!", {"keyword": "dog"}),
    (False, "Dog here, dog there.", {"keyword": "dog"}),
)
def words_position(response: str, *, keyword: Text) -> Outcome:
    """Punctuation marks are no words."""
    found = [bare(word) for word in reader.words(response)]
    if len(found) < 2:
        return Outcome(False, "fewer than two words")
    return Outcome(
        found[1] == found[-2] == bare(keyword), f'"{found[1]}" and "{found[-2]}", asked for "{keyword}"'
    )


@meaning(
    "words:keywords_specific_position",
    (True, "One. I don't see cats.", {"keyword": "see", "n": 2, "m": 3}),
    (False, "One. I see cats.", {"keyword": "see", "n": 2, "m": 3}),
)
def keywords_specific_position(response: str, *, keyword: Text, n: Position, m: Position) -> Outcome:
    """ "don't" and "well-known" are one word each."""
    sentences = reader.sentences(response)
    found = reader.words(sentences[n - 1]) if n <= len(sentences) else ()
    return _at(found, keyword, n, m)


@meaning(
    "keywords:keyword_specific_position",
    (True, "One. Oh, See!", {"keyword": "see", "n": 2, "m": 3}),
    (False, "One. Oh see!", {"keyword": "see", "n": 2, "m": 3}),
)
def keyword_specific_position(response: str, *, keyword: FirstOf, n: Position, m: Position) -> Outcome:
    """Words and marks, in any case; "don't" is one word. Sentences are those of IFEval."""
    sentences = reader.sentences(response)
    found = reader.tokens(sentences[n - 1]) if n <= len(sentences) else ()
    return _at(found, keyword, n, m)


def _at(found: tuple[str, ...], keyword: str, n: int, m: int) -> Outcome:
    if len(found) < m:
        return Outcome(False, f"no word {m} in sentence {n}")
    passed = reader.fold(found[m - 1]) == reader.fold(keyword.strip())
    return Outcome(passed, f'word {m} of sentence {n} is "{found[m - 1]}", asked for "{keyword}"')


@meaning(
    "sentence:keyword",
    (True, "A dog. I know C++!", {"word": "C++", "N": 2}),
    (False, "A dog. Catkins!", {"word": "Cat", "N": 2}),
)
def keyword(response: str, *, word: Text, N: Position) -> Outcome:
    """A word with marks at its ends, such as `C++`, is found; closing quotation marks end a sentence."""
    found = reader.sentences(response)
    if len(found) < N:
        return Outcome(False, f"{len(found)} sentences, no sentence {N}")
    passed = bool(occurrences(word, found[N - 1]))
    return said(passed, f'"{word}" in sentence {N}', f'no "{word}" in sentence {N}')


@meaning(
    "words:last_first",
    (True, "I like cats. Cats, too, like fish.", {}),
    (False, "I like cats. They like fish.", {}),
)
def last_first(response: str) -> Outcome:
    """Marks around a word are no part of it."""
    for one, other in pairwise(reader.sentences(response)):
        last, first = bare(reader.words(one)[-1]), bare(reader.words(other)[0])
        if last != first:
            return Outcome(False, f'"{first}" follows "{last}"')
    return Outcome(True, "every sentence begins as the last one ended")


@meaning(
    "words:paragraph_last_first",
    (True, "Dogs, we know, love dogs.\n“Cats love cats.”", {}),
    (False, "Dogs love dogs.\nCats love fish.", {}),
)
def paragraph_last_first(response: str) -> Outcome:
    """Marks around a word are no part of it."""
    for line in response.splitlines():
        found = reader.words(line)
        if found and bare(found[0]) != bare(found[-1]):
            return Outcome(False, f'a paragraph from "{found[0]}" to "{found[-1]}"')
    return Outcome(True, "every paragraph ends as it began")


def _closed(response: str, phrase: str) -> Outcome:
    """The phrase closes the text, in the same case and not as a part of a word, inside closing marks."""
    wanted, text = reader.spaced(phrase), reader.spaced(response)
    opened = text[:1] in _QUOTES
    endings = {text, text.rstrip("*_"), text.rstrip('*_"”»') if opened or text.endswith(("*", "_")) else text}
    end = next((one for one in endings if one.endswith(wanted)), None)
    before = end[: len(end) - len(wanted)][-1:] if end is not None else ""
    passed = end is not None and not (before.isalnum() and wanted[:1].isalnum())
    return Outcome(passed, f'ends with "{text[-40:]}"')


@meaning(
    "startend:end_checker",
    (True, "**Tea. The end.**", {"end_phrase": "The end."}),
    (False, "On the weekend.", {"end_phrase": "end."}),
)
def end_checker(response: str, *, end_phrase: str) -> Outcome:
    """In the same case, as quoted, and not the end of a longer word."""
    return _closed(response, end_phrase)


@meaning(
    "rlvr:validate_end",
    (True, "Tea.\nThe end.", {"end_phrase": "The end."}),
    (False, "On the weekend.", {"end_phrase": "end."}),
)
def validate_end(response: str, *, end_phrase: str) -> Outcome:
    """White space in and after the phrase makes no difference; the end of a longer word is not the phrase."""
    return _closed(response, end_phrase)


def _wrapped(response: str) -> Outcome:
    """One pair of double quotation marks around everything, and a word between them."""
    text = response.strip()
    closing = _QUOTES.get(text[:1])
    passed = bool(closing) and len(text) > 1 and text[-1] == closing and bool(reader.words(text))
    inner = text[1:-1]
    if passed and closing == text[0]:  # a mark after a word closes, unless an opening one came before it
        first = re.search(re.escape(closing), inner)
        passed = not (first and inner[: first.start()][-1:].strip())
    elif passed:
        depth = 0
        for mark in inner:
            depth += (mark == text[0]) - (mark == closing)
            passed = passed and depth >= 0
    return said(passed, "wrapped in quotation marks", "not wrapped in one pair of quotation marks")


@meaning(
    "startend:quotation",
    (True, "“Tea is hot.”", {}),
    (False, '"Tea" and "milk"', {}),
    (False, '""', {}),
)
def quotation(response: str) -> Outcome:
    """Curly double quotes count, and one pair holds everything: `"Tea" and "milk"` is not wrapped."""
    return _wrapped(response)


@meaning(
    "rlvr:validate_quotation",
    (True, "“Tea is hot.”", {}),
    (False, '"Tea" and "milk"', {}),
    (False, '"', {}),
)
def validate_quotation(response: str) -> Outcome:
    """As `startend:quotation`: a single mark is no pair."""
    return _wrapped(response)
