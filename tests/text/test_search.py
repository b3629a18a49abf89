import re
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

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


def test_long_plain_keyword_in_a_long_text_is_bounded_too() -> None:
    start = time.process_time()
    with pytest.raises(TooSlow):
        count("findall", "a" * 20_000 + "b", "a" * 300_000, re.IGNORECASE)
    assert time.process_time() - start < LIMIT
