"""Which language a response to a Chinese request is written in."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator

from raif.constraints.kind import Example, Outcome, variant
from raif.errors import did_you_mean
from raif.text import chinese, detect
from raif.text.langdetect.language import CHINESE, NAMES


def _known(code: str) -> str:
    if code not in NAMES and code not in CHINESE:
        raise ValueError(f"not a known language. {did_you_mean(code, [*NAMES, *CHINESE])}")
    return code


@variant(
    "language:response_language",
    "zh",
    examples=(
        Example(True, "Das ist ein sehr schöner Tag für einen Spaziergang.", {"language": "de"}),
        Example(False, "今天是散步的好日子。", {"language": "de"}),
        Example(True, "用 Python 写这段代码。", {"language": "zh"}),
        Example(False, "我們今天去公園散步吧。", {"language": "ko"}),
        Example(True, "我們今天去公園散步吧。", {"language": "zh-tw"}),
        Example(False, "我們今天去公園散步吧。", {"language": "zh-cn"}),
        Example(False, "今日は公園を散歩します。", {"language": "zh"}),
    ),
)
def response_language(response: str, *, language: Annotated[str, AfterValidator(_known)]) -> Outcome:
    """The language asked for; `zh` is any Chinese, `zh-cn` simplified and `zh-tw` traditional characters.

    A text is Chinese where most of its characters are Han and few are kana; langdetect decides on all
    others. Characters that don't tell simplified from traditional are both; no letters pass.
    """
    if chinese.is_chinese(response):
        found: str = chinese.variety(response) or "zh"
        passed = language in CHINESE and (found == language or "zh" in (found, language))
    else:
        found = detect(response) or "no language"
        passed = found in ("no language", language)
    return Outcome(passed, f"detected {found}, asked for {language}")
