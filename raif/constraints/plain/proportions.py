"""Shares and balances: of stop words, of statements, questions and exclamations."""

from __future__ import annotations

from collections import Counter

from raif.constraints.ifbench.common import Percentage
from raif.constraints.ifbench.ratio import STOPWORDS
from raif.constraints.kind import Outcome
from raif.constraints.plain.common import meaning
from raif.text import reader


def _is_stopword(word: str) -> bool:
    """Also "don't", whose parts are in the list."""
    return all(part in STOPWORDS for part in reader.fold(word).replace("'", " ").split())


@meaning(
    "ratio:stop_words",
    (True, "Cats don't sleep.", {"percentage": 34}),
    (False, "It is the cat.", {"percentage": 40}),
)
def stop_words(response: str, *, percentage: Percentage) -> Outcome:
    """ "don't" is one stop word."""
    found = reader.words(response)
    if not found:
        return Outcome(False, "no words")
    share = sum(map(_is_stopword, found)) / len(found) * 100
    return Outcome(share <= percentage, f"{share:.1f}% stop words, asked for at most {percentage:g}%")


def _ends(response: str) -> Counter[str]:
    """How many sentences end with each of `.?!`, also before closing quotation marks."""
    return Counter(map(reader.end_mark, reader.sentences(response)))


@meaning(
    "ratio:sentence_type",
    (True, "It is. “It was.” Is it?", {}),
    (False, "tea", {}),
)
def sentence_type(response: str) -> Outcome:
    """There is a question, and closing quotation marks may follow a sentence's mark."""
    ends = _ends(response)
    passed = ends["?"] > 0 and ends["."] == 2 * ends["?"]
    return Outcome(passed, f"{ends['.']} statements to {ends['?']} questions")


@meaning(
    "ratio:sentence_balance",
    (True, "It is. Is it? “It is!”", {}),
    (False, "tea", {}),
)
def sentence_balance(response: str) -> Outcome:
    """There is one of each, and closing quotation marks may follow a sentence's mark."""
    ends = _ends(response)
    counts = [ends[mark] for mark in ".?!"]
    shown = "{} statements, {} questions, {} exclamations".format(*counts)
    return Outcome(len(set(counts)) == 1 and counts[0] > 0, shown)


@meaning(
    "ratio:sentence_words",
    (True, "I nap. We go. Do it.", {}),
    (False, "I nap. I sit. I eat.", {}),
)
def sentence_words(response: str) -> Outcome:
    """No word is in two of the sentences."""
    found = [sentence.strip() for sentence in reader.sentences(response)]
    lengths = [len(sentence) for sentence in found]
    if len(found) != 3 or len(set(lengths)) != 1:
        return Outcome(False, f"sentences of {lengths} characters, asked for 3 of the same length")
    used = Counter(word for one in found for word in {*map(reader.fold, reader.words(one))})
    again = next((word for word, times in used.items() if times > 1), None)
    return Outcome(
        again is None, f"{lengths[0]} characters each" + (f', "{again}" is in two' if again else "")
    )
