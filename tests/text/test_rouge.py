"""ROUGE-L: the longest common subsequence of words, as the package rouge_chinese splits them."""

from __future__ import annotations

import pytest

from raif.text.rouge import longest_common, rouge_l


@pytest.mark.parametrize(
    ("first", "second", "length"),
    [("abcbdab", "bdcaba", 4), ("abc", "abc", 3), ("abc", "cba", 1), ("", "abc", 0), ("xaxbxc", "abc", 3)],
)
def test_longest_common_subsequence_has_its_length(first: str, second: str, length: int) -> None:
    assert longest_common(list(first), list(second)) == length


@pytest.mark.parametrize(
    ("text", "reference", "f"),
    [
        # Figures of rouge_chinese 1.0.3 on the words of jieba 0.42.1.
        ("语气活泼", "语气活泼", 1.0),
        ("语气很活泼", "语气活泼", 0.8),
        ("语气", "字数不限", 0.0),
        ("第一句。\n\n第二句。", "第一句。第二句。", 0.8),
        ("第一句。\n第二句", "第一句。 第二句", 0.8571428571),
        ("as short as ABC-1.5", "as ABC-1.5 short", 0.7272727273),
    ],
)
def test_figure_is_that_of_the_package(text: str, reference: str, f: float) -> None:
    assert rouge_l(text, reference) == pytest.approx(f, abs=1e-7)


def test_text_without_words_is_like_nothing() -> None:
    assert rouge_l("", "字") == rouge_l("字", "") == 0
