import random

import pytest

from raif.constraints import KINDS
from raif.constraints.wording import Number, joined, render


@pytest.mark.parametrize(
    ("words", "language", "text"),
    [
        (["a"], "en", '"a"'),
        (["a", "b", "c"], "en", '"a", "b" and "c"'),
        (["茶", "水", "酒"], "zh", "“茶”、“水”和“酒”"),
    ],
)
def test_lists_are_joined_readably(words: list[str], language: str, text: str) -> None:
    assert joined(words, language) == text


def test_one_of_a_noun_is_singular() -> None:
    assert (f"{Number(1):word}", f"{Number(2):word}", f"{Number(2)}") == ("1 word", "2 words", "2")


@pytest.mark.parametrize(("language", "word"), [("en", "fewer than"), ("zh", "少于")])
def test_relation_is_said_naturally(language: str, word: str) -> None:
    assert render({"relation": "less than"}, language) == {"relation": word}


def test_language_is_named_not_coded() -> None:
    asked = KINDS["language:response_language"].ask(random.Random(0), "zh", {"language": "de"})
    assert "德语" in asked


def test_keyword_with_braces_is_rendered_as_it_is() -> None:
    asked = KINDS["combination:repeat_prompt"].ask(random.Random(0), "en", {"prompt_to_repeat": "Say {this}"})
    assert '"Say {this}"' in asked


@pytest.mark.parametrize("marker", ["P.S.", "P.P.S"])
def test_no_marker_stands_where_a_sentence_ends(marker: str) -> None:
    kind = KINDS["detectable_content:postscript"]
    for wording in kind.wordings["en"]:
        text = wording.format(postscript_marker=marker)
        assert text.endswith("."), text
        assert not text.endswith(marker), text


def test_a_list_of_one_word_or_of_several_reads_well() -> None:
    for wording in KINDS["keywords:forbidden_words"].wordings["en"]:
        assert "the words" not in wording, wording  # the words "tea"
        assert "contain" not in wording, wording  # must not contain "tea" and "milk": each, or both together?
