"""Names and codes of languages."""

from __future__ import annotations

import pytest

from raif.text.langdetect.language import NAMES
from raif.text.languages import code_of, codes, find


@pytest.mark.parametrize(
    ("given", "code"),
    [
        *(
            (given, "zh")
            for given in ("zh", "zh-CN", "ZH", "Chinese", "cmn", "zh_Hant-TW", "简体中文", "Mandarin")
        ),
        *((given, "en") for given in ("en", "en-US", "EN", "English", "eng", " english ", "英语")),
        ("pt-BR", "pt"),
        ("Scottish Gaelic", "gd"),
        ("Chinese (Traditional)", "zh"),
    ],
)
def test_names_and_codes_are_one(given: str, code: str) -> None:
    assert code_of(given) == code


@pytest.mark.parametrize("given", ["", "unknown", "n/a", "Klingon", "ch1nese", "-"])
def test_what_names_no_language_is_none(given: str) -> None:
    assert find(given) is None
    with pytest.raises(ValueError, match="zh, zu"):
        code_of(given)


def test_every_code_is_its_own_and_those_of_ifeval_are_there() -> None:
    assert len(codes()) == 183
    assert all(code_of(code) == code for code in codes())
    assert set(NAMES) <= set(codes())
    assert all(find(name) == code for code, names in NAMES.items() for name in names.values())
