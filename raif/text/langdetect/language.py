"""Which language a text is written in, by langdetect's profiles, and the languages' names.

langdetect draws random numbers, which all threads share. Here the seed is always 0 and nothing is shared but
what is only read: a text gets the same code every time, in any thread.
"""

from __future__ import annotations

from functools import lru_cache

NAMES: dict[str, dict[str, str]] = {
    "ar": {"en": "Arabic", "zh": "阿拉伯语"},
    "bg": {"en": "Bulgarian", "zh": "保加利亚语"},
    "bn": {"en": "Bengali", "zh": "孟加拉语"},
    "de": {"en": "German", "zh": "德语"},
    "en": {"en": "English", "zh": "英语"},
    "es": {"en": "Spanish", "zh": "西班牙语"},
    "fa": {"en": "Persian", "zh": "波斯语"},
    "fi": {"en": "Finnish", "zh": "芬兰语"},
    "fr": {"en": "French", "zh": "法语"},
    "gu": {"en": "Gujarati", "zh": "古吉拉特语"},
    "he": {"en": "Hebrew", "zh": "希伯来语"},
    "hi": {"en": "Hindi", "zh": "印地语"},
    "it": {"en": "Italian", "zh": "意大利语"},
    "ja": {"en": "Japanese", "zh": "日语"},
    "kn": {"en": "Kannada", "zh": "卡纳达语"},
    "ko": {"en": "Korean", "zh": "韩语"},
    "ml": {"en": "Malayalam", "zh": "马拉雅拉姆语"},
    "mr": {"en": "Marathi", "zh": "马拉地语"},
    "ne": {"en": "Nepali", "zh": "尼泊尔语"},
    "pa": {"en": "Punjabi", "zh": "旁遮普语"},
    "pl": {"en": "Polish", "zh": "波兰语"},
    "pt": {"en": "Portuguese", "zh": "葡萄牙语"},
    "ru": {"en": "Russian", "zh": "俄语"},
    "sw": {"en": "Swahili", "zh": "斯瓦希里语"},
    "ta": {"en": "Tamil", "zh": "泰米尔语"},
    "te": {"en": "Telugu", "zh": "泰卢固语"},
    "th": {"en": "Thai", "zh": "泰语"},
    "uk": {"en": "Ukrainian", "zh": "乌克兰语"},
    "ur": {"en": "Urdu", "zh": "乌尔都语"},
    "vi": {"en": "Vietnamese", "zh": "越南语"},
}
"""The languages that IFEval asks for, in English and in Chinese."""

CHINESE: dict[str, dict[str, str]] = {
    "zh": {"en": "Chinese", "zh": "中文"},
    "zh-cn": {"en": "simplified Chinese", "zh": "简体中文"},
    "zh-tw": {"en": "traditional Chinese", "zh": "繁体中文"},
}
"""Chinese, which IFEval doesn't ask for, and its two scripts."""


@lru_cache(maxsize=32)  # one response's checks and loose variants ask for the same texts
def detect(text: str) -> str | None:
    """The code of the language of `text` (Chinese is zh-cn or zh-tw). None if there are no letters."""
    from raif.text.langdetect import original
    from raif.text.langdetect.detector import Undecided, winner
    from raif.text.langdetect.ngrams import known_grams

    grams = known_grams(text)
    try:
        return winner(grams) if len(grams) else None
    except Undecided:
        return original.detect(text)
