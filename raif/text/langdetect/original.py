"""All that is taken from langdetect itself, most of it private. Seen: 1.0.9, the only version allowed.

Its profiles, its clean-up of a text, and its detector for the texts that ours leaves to it.
`tests/text/test_private_parts.py` says what is missing from another version.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

from langdetect.detector import Detector
from langdetect.detector_factory import PROFILES_DIRECTORY, DetectorFactory
from langdetect.lang_detect_exception import LangDetectException
from langdetect.utils.ngram import NGram

normalize = NGram.normalize
"""A character as it stands in n-grams."""


@cache
def profiles() -> list[str]:
    """The languages' profiles as JSON, in the order of their names, which a folder need not keep."""
    paths = (path for path in Path(PROFILES_DIRECTORY).iterdir() if not path.name.startswith("."))
    return [path.read_text("utf-8") for path in sorted(paths)]


def cleaned(text: str) -> str:
    """Without web and mail addresses, and with Vietnamese letters composed."""
    text = Detector.URL_RE.sub(" ", text) if "http" in text else text
    text = Detector.MAIL_RE.sub(" ", text) if "@" in text else text
    return text if text.isascii() else NGram.normalize_vi(text)


def detect(text: str) -> str | None:
    """The language's code by langdetect's own code with seed 0. None if there are no letters."""
    detector = _factory().create()
    detector.append(text)
    try:
        return detector.detect()
    except LangDetectException:
        return None


@cache
def _factory() -> Any:
    factory = DetectorFactory()
    factory.set_seed(0)
    factory.load_json_profile(profiles())
    return factory
