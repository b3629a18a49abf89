import re
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from raif.text.search import LIMIT, TooSlow, count

ENDLESS = ("search", "(a|a)+$", "a" * 40 + "b")
PATTERNS = ("a", "a.c", r"C\+\+", "colou?r", "(a|b)+", r"\bword\b", "", "a*", "(?i)A", r"[+*]", "ß", "\ud800")
TEXT = "abc C++ color colour word\nsword ẞ ß \ud800 aAbB +*"


@pytest.mark.parametrize("pattern", PATTERNS)
def test_counts_are_those_of_re(pattern: str) -> None:
    for flags in (0, re.IGNORECASE):
        assert count("search", pattern, TEXT, flags) == bool(re.search(pattern, TEXT, flags))
        assert count("findall", pattern, TEXT, flags) == len(re.findall(pattern, TEXT, flags))
        assert count("split", pattern, TEXT, flags) == len(re.split(pattern, TEXT, flags=flags))


@pytest.mark.parametrize("word", ["kiss", "KISS", "i", "a b", "b-c", ""])
@settings(deadline=None)
@given(
    text=st.lists(
        st.sampled_from(["kiss", "KISS", "K\u0130SS", "\u212aıſs", "i", "a b", "B-c", "ß", " "])
    ).map("".join)
)
def test_plain_words_are_counted_as_re_counts_them(word: str, text: str) -> None:
    assert count("findall", word, text, re.IGNORECASE) == len(re.findall(word, text, re.IGNORECASE))
    framed = rf"\b{word}\b"
    found = count("search", framed, text, re.IGNORECASE, given=word)
    assert found == bool(re.search(framed, text, re.IGNORECASE))


def test_endless_search_ends_and_names_the_pattern() -> None:
    with pytest.raises(TooSlow, match=re.escape("'(a|a)+$'")):
        count(*ENDLESS)


def test_search_after_an_endless_one_is_answered() -> None:
    with pytest.raises(TooSlow):
        count(*ENDLESS)
    assert count("search", "a+", "aa") == 1


def test_threads_search_at_once() -> None:
    with ThreadPoolExecutor(3) as pool:
        found = list(pool.map(lambda n: count("findall", "a+b?", "ab " * n), range(30)))
    assert found == list(range(30))


def test_long_plain_keyword_in_a_long_text_is_quick() -> None:
    start = time.process_time()
    assert count("findall", "a" * 20_000 + "b", "a" * 300_000, re.IGNORECASE) == 0
    assert time.process_time() - start < LIMIT


def test_long_pattern_without_repetition_in_a_long_text_is_bounded_too() -> None:
    start = time.process_time()
    with pytest.raises(TooSlow):
        count("findall", "a." * 10_000 + "b", "a" * 300_000, re.IGNORECASE)
    assert time.process_time() - start < 4 * LIMIT  # the search takes LIMIT, in a process that is to be made
