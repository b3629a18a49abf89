"""IFTrain's kinds whose official meaning needs words between spaces, or ASCII marks, in Chinese."""

from __future__ import annotations

import re
from collections import Counter

import raif.constraints.iftrain  # noqa: F401 (variants need the kinds)
from raif.constraints.chinese.keywords import occurrences
from raif.constraints.iftrain.common import Amount, FirstOf
from raif.constraints.kind import Example, Outcome, Text, variant
from raif.text import chinese

_ENDED = re.compile(r"[。！？；…!?.][^\w\s]*$")
_PRONOUN = re.compile("([我你您他她它咱]们?)")
_DIVIDER = re.compile(r"\s*\*\*\*\s*")
_PALINDROME = re.compile(r"([^\W_])[^\W_]\1|([^\W_])([^\W_])\3\2")


def _bare(text: str) -> str:
    """In one case, without white space and marks at both ends."""
    start, end = 0, len(text)
    while start < end and not (text[start].isalnum() or text[start] == "_"):
        start += 1
    while start < end and not (text[end - 1].isalnum() or text[end - 1] == "_"):
        end -= 1
    return chinese.fold(text[start:end])


def _starts(text: str, word: str) -> bool:
    bare, first = _bare(text), _bare(word)
    return bool(first) and re.match(chinese.whole(first), bare) is not None


def _ends(text: str, word: str) -> bool:
    bare, last = _bare(text), _bare(word)
    found = re.compile(chinese.whole(last)).fullmatch(bare, max(0, len(bare) - len(last)))
    return bool(last) and found is not None


@variant(
    "detectable_format:sentence_hyphens",
    "zh",
    examples=(
        Example(True, "茶很热。-我喜欢。", {}),
        Example(False, "茶很热。我喜欢。", {}),
        Example(False, "茶很热。 - 我喜欢。", {}),
    ),
)
def sentence_hyphens(response: str) -> Outcome:
    """Exactly one Chinese sentence with its mark between any two hyphens, without white space around it."""
    for part in response.strip().split("-"):
        if part != part.strip() or len(chinese.sentences(part)) != 1 or not _ENDED.search(part):
            return Outcome(False, f'"{part[:40]}" is not one sentence between hyphens')
    return Outcome(True, "hyphens join the sentences")


@variant(
    "keywords:exclude_word_harder",
    "zh",
    examples=(
        Example(True, "我喝水。", {"keyword": "茶"}),
        Example(False, "我喝绿茶。", {"keyword": "茶"}),
        Example(True, "I got MAIL.", {"keyword": "AI"}),
    ),
)
def exclude_word_harder(response: str, *, keyword: Text) -> Outcome:
    """The word occurs nowhere, not even within a longer Chinese word; a Latin one counts as a whole word."""
    found = occurrences(keyword, response)
    return Outcome(not found, f'{found} times "{keyword.strip()}", asked for none')


@variant(
    "keywords:palindrome",
    "zh",
    examples=(
        Example(True, "请你看一看。", {}),
        Example(True, "上海自来水来自海上。", {}),
        Example(False, "天天喝茶，我很好。", {}),
    ),
)
def palindrome(response: str) -> Outcome:
    """Three characters or more in a row that read the same backwards."""
    found = _PALINDROME.search(chinese.fold(response))
    return Outcome(found is not None, f'"{found[0]}" is a palindrome' if found else "no palindrome")


@variant(
    "keywords:start_end",
    "zh",
    examples=(
        Example(True, "茶是我的最爱，我爱喝茶。", {}),
        Example(False, "茶是我的最爱，我爱喝水。", {}),
    ),
)
def start_end(response: str) -> Outcome:
    """It ends with its first word, also within a longer word such as 喝茶. Punctuation doesn't count."""
    words = chinese.words(chinese.fold(response), known=True)
    if len(words) < 2:
        return Outcome(False, "fewer than two words")
    return Outcome(_ends(response, words[0]), f'starts with "{words[0]}" and ends with "{words[-1]}"')


@variant(
    "keywords:keyword_specific_position",
    "zh",
    examples=(
        Example(True, "坐吧。我们喝茶。", {"keyword": "喝茶", "n": 2, "m": 2}),
        Example(False, "坐吧。我们喝茶。", {"keyword": "喝茶", "n": 2, "m": 1}),
    ),
)
def keyword_specific_position(response: str, *, keyword: FirstOf, n: Amount, m: Amount) -> Outcome:
    """The mth Chinese word of the nth Chinese sentence; punctuation doesn't count."""
    sentences = chinese.sentences(response)
    words = chinese.words(sentences[int(n) - 1]) if 1 <= n <= len(sentences) else []
    if not 1 <= m <= len(words):
        return Outcome(False, f"no word {m} in sentence {n}")
    word = words[int(m) - 1]
    passed = chinese.fold(word) == chinese.fold(keyword.strip())
    return Outcome(passed, f'word {m} of sentence {n} is "{word}", asked for "{keyword}"')


@variant(
    "first_word:first_word_sent",
    "zh",
    examples=(
        Example(True, "我们跑了。“我们赢了！”", {"first_word": "我们"}),
        Example(False, "我们跑了。他们赢了！", {"first_word": "我们"}),
    ),
)
def first_word_sent(response: str, *, first_word: FirstOf) -> Outcome:
    """Every Chinese sentence starts with it; quotation marks before it don't count."""
    other = next((one for one in chinese.sentences(response) if not _starts(one, first_word)), None)
    return Outcome(other is None, f'"{other}" begins otherwise' if other else "all sentences begin with it")


@variant(
    "first_word:first_word_answer",
    "zh",
    examples=(
        Example(True, "今天很热。", {"first_word": "今天"}),
        Example(False, "我今天很热。", {"first_word": "今天"}),
    ),
)
def first_word_answer(response: str, *, first_word: Text) -> Outcome:
    """The response starts with it; quotation marks before it don't count."""
    return Outcome(_starts(response, first_word), f'asked for "{first_word.strip()}" at the start')


@variant(
    "last_word:last_word_sent",
    "zh",
    examples=(
        Example(True, "我回家。他也回家！", {"last_word": "家"}),
        Example(False, "我回家。他不在。", {"last_word": "家"}),
    ),
)
def last_word_sent(response: str, *, last_word: FirstOf) -> Outcome:
    """Every Chinese sentence ends with it, before its marks."""
    other = next((one for one in chinese.sentences(response) if not _ends(one, last_word)), None)
    return Outcome(other is None, f'"{other}" ends otherwise' if other else "all sentences end with it")


@variant(
    "last_word:last_word_answer",
    "zh",
    examples=(
        Example(True, "他说：“请简短。”", {"last_word": "简短"}),
        Example(False, "请简短些。", {"last_word": "简短"}),
    ),
)
def last_word_answer(response: str, *, last_word: Text) -> Outcome:
    """The response ends with it, before the marks at its end."""
    return Outcome(_ends(response, last_word), f'asked for "{last_word.strip()}" at the end')


@variant(
    "punctuation:punctuation_dot",
    "zh",
    examples=(Example(True, "茶很热！", {}), Example(False, "茶很热。", {}), Example(False, "3.5 元", {})),
)
def punctuation_dot(response: str) -> Outcome:
    """Neither `。`, `．` and `｡` nor the ASCII full stop occurs."""
    found = sum(map(response.count, "。．｡."))
    return Outcome(not found, f"{found} full stops, asked for none")


@variant(
    "punctuation:punctuation_exclamation",
    "zh",
    examples=(Example(True, "茶很热。", {}), Example(False, "茶很热！", {}), Example(False, "Hot!", {})),
)
def punctuation_exclamation(response: str) -> Outcome:
    """Neither `！` nor the ASCII mark occurs."""
    found = sum(map(response.count, "！!"))
    return Outcome(not found, f"{found} exclamation marks, asked for none")


@variant(
    "count:counting_composition",
    "zh",
    examples=(
        Example(True, "我喝茶。\n***\n他喝水！\n***\n你来吗？", {"n_sent": 1, "n_words": 3}),
        Example(False, "我喝茶。\n\n他喝水！\n\n你来吗？", {"n_sent": 1, "n_words": 3}),
        Example(False, "我喝茶。\n***\n他不喝水！\n***\n你来吗？", {"n_sent": 1, "n_words": 3}),
    ),
)
def counting_composition(response: str, *, n_sent: Amount, n_words: Amount) -> Outcome:
    """Three paragraphs, divided by `***`. Words are characters (字); punctuation doesn't count."""
    parts = _DIVIDER.split(response.strip())
    if len(parts) != 3:
        return Outcome(False, f"{len(parts)} paragraphs, asked for exactly 3")
    for part in parts:
        sentences = chinese.sentences(part)
        if len(sentences) != n_sent:
            return Outcome(False, f"{len(sentences)} sentences in a paragraph, asked for exactly {n_sent}")
        for sentence in sentences:
            if (found := len(chinese.characters(sentence))) != n_words:
                return Outcome(False, f'{found} characters in "{sentence}", asked for exactly {n_words}')
    return Outcome(True, "as many paragraphs, sentences and characters as asked for")


@variant(
    "count:count_unique",
    "zh",
    examples=(Example(True, "我喜欢喝茶，你爱水。", {}), Example(False, "我喜欢喝茶，我也爱水。", {})),
)
def count_unique(response: str) -> Outcome:
    """All Chinese words are different; punctuation doesn't count."""
    parts = (part for word in chinese.words(chinese.fold(response)) for part in _PRONOUN.split(word))
    words = [part for part in parts if part]  # jieba takes 我爱你 for one word
    again = next((word for word, times in Counter(words).items() if times > 1), None)
    return Outcome(again is None, f'"{again}" is used twice' if again else f"{len(words)} different words")
