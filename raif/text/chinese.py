"""Characters, words and sentences as a Chinese reader counts them. Punctuation is not counted.

A run of Latin letters and digits, such as GPT-4 or 3.5, is one character and one word, as in word processors.
A run of Chinese is cut into words by jieba (rjieba), which is loaded on first use.
"""

from __future__ import annotations

import re
from itertools import pairwise
from typing import Literal

from raif.text.han import HAN
from raif.text.release import CURRENT
from raif.text.sentences import sentences as english

_KANA = "\u3041-\u3096\u30a1-\u30fa\u31f0-\u31ff\uff66-\uff9d"
_EACH = f"{HAN}{_KANA}\uac00-\ud7a3"
"""What is counted one by one, because it is written without spaces: Han, kana, hangul."""

_RUN = rf"[^\W_{_EACH}]+(?:[.'’-][^\W_{_EACH}]+)*"
_ONE = re.compile(f"[{_EACH}]")
_CHARACTER = re.compile(rf"[{_EACH}]|{_RUN}")
_BLOCK = re.compile(rf"([{_EACH}]+)|{_RUN}")
_SOME_HAN = re.compile(f"[{HAN}]+")
_SOME_KANA = re.compile(f"[{_KANA}]+")
_ENDS = "。｡！？；…⋯!?"
_END = re.compile(rf"(?<![{_ENDS}])[{_ENDS}]++[”’」』）】》〉〕］｝)\]}}\"'*]*+(?![，、：,:])")
_ANY_END = re.compile(f"[{_ENDS}]")
_LETTER = re.compile(r"[^\W_]")
_NO_NOUN = re.compile("[里会]$|而|^[每整段我都]")
"""How pieces begin and end that jieba takes for nouns, such as 钟会 and 车库里."""
_WIDE = re.compile("[０-９Ａ-Ｚａ-ｚ]+")
_FULL_WIDTH = {code: code - 0xFEE0 for code in range(ord("０"), ord("ｚ") + 1)}


def characters(text: str) -> list[str]:
    """The characters (字): each Han character, and each run of Latin letters or digits."""
    return _CHARACTER.findall(text)


def words(text: str, *, known: bool = False) -> list[str]:
    """The words (词): those of each run of Chinese, and each run of Latin letters or digits.

    `known`: only words of jieba's dictionary, and single characters where it has none.
    """
    from rjieba import cut

    found = []
    for block in _BLOCK.finditer(text):
        found += cut(block[1], not known) if block[1] else [block[0]]
    return found


def nouns(text: str) -> list[str]:
    """The nouns of two characters or more that jieba's dictionary has, in the order of the text.

    What jieba only guesses to be a word can be a piece of two.
    """
    from rjieba import has_word, tag

    found = (pair for run in _SOME_HAN.findall(text) for pair in tag(run, False))
    return [
        word
        for word, part in found
        if part[:1] == "n" and len(word) > 1 and has_word(word) and not _NO_NOUN.search(word)
    ]


def sentences(text: str) -> list[str]:
    """The sentences of each line. `。！？；…` and ASCII `!?` end one, and so does the end of the line.

    Closing marks after the end belong to the sentence; if a comma follows, it continues. An ASCII full stop
    doesn't end a sentence, but a line without Chinese is split into English sentences. Text without a letter
    or digit, such as a divider, is not a sentence.
    """
    found: list[str] = []
    for line in filter(_LETTER.search, text.splitlines()):
        if ". " in line and not _SOME_HAN.search(line):
            found += english(line, CURRENT)
        elif _ANY_END.search(line):
            bounds = [0, *(match.end() for match in _END.finditer(line)), len(line)]
            found += [line[start:end].strip() for start, end in pairwise(bounds)]
        else:
            found.append(line.strip())
    return [sentence for sentence in found if _LETTER.search(sentence)]


def fold(text: str) -> str:
    """The text in lower case, with full-width Latin letters and digits as ASCII: `ＡＩ` is `ai`."""
    return _WIDE.sub(lambda found: found[0].translate(_FULL_WIDTH), text).lower()


def whole(word: str) -> str:
    """A regex for `word` that is not part of a longer Latin word or number: `AI` is not in `MAIL`."""
    edge = f"[^\\W_{_EACH}]"
    before = f"(?<!{edge})" if re.match(edge, word) else ""
    after = f"(?!{edge})" if re.search(f"{edge}$", word) else ""
    return f"{before}{re.escape(word)}{after}"


def whole_at(text: str, start: int, end: int) -> bool:
    """Whether what stands from `start` to `end` is no part of a longer Latin word or number."""
    before = start > 0 and _joins(text[start]) and _joins(text[start - 1])
    after = end < len(text) and _joins(text[end - 1]) and _joins(text[end])
    return not (before or after)


def _joins(letter: str) -> bool:
    return letter.isalnum() and (letter < "\u2e80" or not _ONE.match(letter))


def is_chinese(text: str) -> bool:
    """Whether most of the characters are Han, and few are Japanese kana."""
    han, kana = (sum(map(len, script.findall(text))) for script in (_SOME_HAN, _SOME_KANA))
    total = sum(len(block) or 1 for block in _BLOCK.findall(text))
    return 2 * han > total > 10 * kana


def variety(text: str) -> Literal["zh-cn", "zh-tw"] | None:
    """Simplified or traditional: the script to which more characters belong exclusively. None if equal.

    GB 2312 encodes the simplified characters, Big5 the traditional ones, and both those that are the same.
    """
    han = "".join(_SOME_HAN.findall(text))
    simplified, traditional = (set(han.encode(code, "ignore").decode(code)) for code in ("gb2312", "big5"))
    balance = len(simplified - traditional) - len(traditional - simplified)
    return "zh-cn" if balance > 0 else "zh-tw" if balance < 0 else None
