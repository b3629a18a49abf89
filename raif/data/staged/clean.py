"""A prompt as it may go into a record, and the language that it is in."""

from __future__ import annotations

import re
import unicodedata

from raif.text import detect
from raif.text.chinese import BMP_HAN

_INVISIBLE = re.compile("[\u200b\u2060\ufeff\ufffe\uffff\ufffc]")
_HAN = re.compile(f"[{BMP_HAN}]")
_OTHER_EAST_ASIAN = re.compile(r"[\u3040-\u30ff\u31f0-\u31ff\u1100-\u11ff\u3130-\u318f\uac00-\ud7af]")
_CODES = {"english": "en", "chinese": "zh"}


def clean(text: str) -> str:
    """`text` without control and invisible characters, spaces at line ends and runs of blank lines."""
    text = re.sub(r"\r\n?|[\u2028\u2029]", "\n", text)
    text = "".join(c for c in text if c in "\n\t" or unicodedata.category(c) not in ("Cc", "Cs"))
    text = re.sub(r"[ \t\u00a0\u3000]+$", "", _INVISIBLE.sub("", text), flags=re.MULTILINE)
    return re.sub(r"\n{3,}", "\n\n", text).strip()


def language_of(text: str, said: str | None) -> str | None:
    """The language's code, "zh" for any Chinese: as the source says it, else as the text shows it.

    Text that is mostly Chinese characters is told by them: langdetect takes short Chinese for something else.
    """
    if said:
        return _CODES.get(said.lower(), said.lower()[:2])
    if is_chinese(text):
        return "zh"
    code = detect(text)
    return code and code.split("-")[0]


def is_chinese(text: str) -> bool:
    """Whether Chinese characters are at least as many as other words, and none is Japanese or Korean."""
    han = len(_HAN.findall(text))
    others = len(re.findall(rf"[^\W\d_{BMP_HAN}]+", text))
    return han > 0 and han >= others and not _OTHER_EAST_ASIAN.search(text)
