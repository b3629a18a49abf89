"""What of a text a reader sees: without characters that take no space, and without comments.

A word that a zero-width space cuts in two still reads as one, and a keyword in a comment isn't there. Letters
with combining accents become the single letters that look the same.
"""

from __future__ import annotations

import re
import unicodedata

_HIDDEN = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u2064\u2066-\u206f\u3164\ufeff]"
    "|[\U000e0000-\U000e007f]"
    "|(?<=[0-9A-Za-z\u4e00-\u9fff])[\u200c\u200d]+|[\u200c\u200d]+(?=[0-9A-Za-z\u4e00-\u9fff])"
)
"""Joiners only count as hidden next to Latin and Han, which they don't shape."""
_COMMENT = re.compile(
    r"<!--.*?(?:-->|\Z)|^ {0,3}\[[^\]\n]*\]:[^\S\n]*#(?:[^\S\n]+[\"'(][^\n]*)?$", re.DOTALL | re.MULTILINE
)
_MARKS = ("<!--", "]:")


def visible(text: str) -> str:
    """The text as it is read. The same text if nothing in it is hidden."""
    if not text.isascii():
        text = unicodedata.normalize("NFC", _HIDDEN.sub("", text))
    return _COMMENT.sub("", text) if any(mark in text for mark in _MARKS) else text
