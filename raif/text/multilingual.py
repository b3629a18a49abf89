"""Words and sentences of a text in the language that it is detected to be in, as Multi-IF's program counts.

Chinese and Japanese are counted by characters, Hindi sentences end at dandas, Thai is segmented by pythainlp
if that is installed. All other texts have `re`'s words and the sentences of the English Punkt model, and so
does a text without letters. The language is that of the text itself, whatever language was asked for.
"""

from __future__ import annotations

import re
import string
from functools import cache
from importlib.util import find_spec

from raif.text.langdetect.language import detect
from raif.text.sentences import sentences
from raif.text.words import count_words

CJK = ("zh", "zh-cn", "zh-tw", "ja")
NO_THAI = "the text is Thai, and pythainlp is not installed (pip install 'raif[thai]')"
_DELETED = str.maketrans(
    "", "", string.punctuation.replace("=", "").replace("|", "") + "»—“”…、。《》「」〔〕！（），．：；？￥"
)
"""Not all marks that Chinese and Japanese use: the others are, or join, words."""
_CHARACTER = re.compile("[\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af]")
_BETWEEN_MARKS = re.compile("[^!?.。！？．]+")
_DANDA = re.compile("(?<=[।!?])")


def words_of(text: str) -> int | None:
    """How many words there are. None if that takes a package that is not installed."""
    language = detect(text)
    if language in CJK:
        return _cjk_words(text)
    if language == "th":
        return _thai_words(text)
    return count_words(text)


def sentences_of(text: str) -> int | None:
    """How many sentences there are. None if that takes a package that is not installed."""
    language = detect(text)
    if language in CJK:
        return sum(len(_BETWEEN_MARKS.findall(line.strip())) for line in text.splitlines())
    if language == "hi":
        return sum(bool(piece.strip()) for piece in _DANDA.split(text))
    if language == "th":
        return _thai_sentences(text)
    return len(sentences(text))


def _cjk_words(text: str) -> int:
    """Emoji, characters, and what white space and characters leave of the rest. Deleted marks join."""
    rest, emoji = text.translate(_DELETED), 0
    if not _emoji_starts().isdisjoint(rest):
        from emoji import emoji_count, replace_emoji

        rest, emoji = replace_emoji(rest, ""), emoji_count(rest)
    rest, characters = _CHARACTER.subn(" ", rest)
    return emoji + characters + len(rest.split())


@cache
def _emoji_starts() -> frozenset[str]:
    from emoji import EMOJI_DATA

    return frozenset(each[0] for each in EMOJI_DATA)


def _thai_words(text: str) -> int | None:
    if find_spec("pythainlp") is None:
        return None
    from pythainlp.tokenize import word_tokenize

    return len(word_tokenize(text))


def _thai_sentences(text: str) -> int | None:
    if find_spec("pythainlp") is None or find_spec("pycrfsuite") is None:
        return None
    from pythainlp.tokenize import sent_tokenize

    return sum(len(sent_tokenize(line)) for line in text.splitlines())
