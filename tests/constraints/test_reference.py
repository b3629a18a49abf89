"""The dialect `reference`, difference by difference. In everything else it equals IFEval's."""

import re
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from raif.constraints import KINDS, Kind, find
from raif.constraints.kind import _VARIANTS, Example
from raif.constraints.reference import _tagged
from raif.errors import ConstraintError

VARIANTS = {id: kind for (id, semantics), kind in _VARIANTS.items() if semantics == "reference"}
EXAMPLES = [
    pytest.param(k, case, id=f"{k.id}-{case.passes}") for k in VARIANTS.values() for case in k.examples
]
COUNTED = [
    ("length_constraints:number_words", "num_words"),
    ("length_constraints:number_sentences", "num_sentences"),
]


def passes(id: str, response: str, **kwargs: Any) -> bool | None:
    kind = find(id, "reference")
    return kind.check(response, **kind.bind(kwargs)).passed


@pytest.mark.parametrize(("kind", "case"), EXAMPLES)
def test_example_has_the_verdict_it_claims(kind: Kind, case: Example) -> None:
    assert kind.check(case.response, **kind.bind(case.kwargs)).passed is case.passes


@pytest.mark.parametrize("kind", VARIANTS.values(), ids=VARIANTS)
def test_an_example_passes_one_fails_and_one_differs_from_the_official_checker(kind: Kind) -> None:
    assert {case.passes for case in kind.examples} == {True, False}
    assert any(official(kind.id, case) is not case.passes for case in kind.examples)


def official(id: str, case: Example) -> bool | None:
    try:
        return KINDS[id].check(case.response, **KINDS[id].bind(case.kwargs)).passed
    except ConstraintError:
        return None


@pytest.mark.parametrize("word", ["C++", "(", "a.b", "[x]", "$5", "^", "a|b", "\\"])
def test_keyword_is_taken_letter_by_letter(word: str) -> None:
    text = f"say {word} twice: {word.upper()}"
    assert passes("keywords:existence", text, keywords=[word])
    assert passes("keywords:frequency", text, keyword=f" {word} ", frequency=2, relation="at least")
    assert not passes("keywords:frequency", text, keyword=word, frequency=3, relation="at least")


@pytest.mark.parametrize(
    ("word", "used"),
    [("a.b", True), ("A.B", True), (".", True), ("b .", False), ("x", False), ("axb", False)],
)
def test_forbidden_word_is_escaped_between_word_boundaries(word: str, used: bool) -> None:
    """A word that ends in punctuation is found only before a letter, because of the word boundary."""
    assert passes("keywords:forbidden_words", "so a.b .", forbidden_words=[word]) is not used


@pytest.mark.parametrize(("id", "number"), COUNTED)
@pytest.mark.parametrize(
    ("relation", "passed"), [("至少", True), ("at least", True), ("少于", False), ("less than", False)]
)
def test_relation_may_be_chinese(id: str, number: str, relation: str, passed: bool) -> None:
    assert passes(id, "One.", **{number: 1, "relation": relation}) is passed


@pytest.mark.parametrize(
    ("id", "kwargs", "said"),
    [
        ("length_constraints:number_words", {"num_words": 3}, "'relation' is missing"),
        ("length_constraints:number_words", {"num_words": 3, "relation": "超过"}, "'超过'"),
        (
            "length_constraints:number_sentences",
            {"num_sentences": 3, "relation": None},
            "'relation' is missing",
        ),
        ("keywords:frequency", {"keyword": "a", "frequency": 1, "relation": "at most"}, "'at most'"),
        ("keywords:letter_frequency", {"letter": "a", "let_frequency": 1, "let_relation": "至少"}, "'至少'"),
        (
            "change_case:capital_word_frequency",
            {"capital_frequency": 1, "capital_relation": "少于"},
            "'少于'",
        ),
        ("keywords:existence", {"keywords": []}, "'keywords'"),
        ("keywords:forbidden_words", {}, "'forbidden_words' is missing"),
        ("combination:repeat_prompt", {}, "'prompt_to_repeat' is missing"),
    ],
)
def test_what_the_reference_raises_on_or_draws_is_an_error_that_names_it(
    id: str, kwargs: dict[str, Any], said: str
) -> None:
    with pytest.raises(ConstraintError) as caught:
        passes(id, "text", **kwargs)
    assert id in str(caught.value)
    assert said in str(caught.value)


@pytest.mark.parametrize(
    ("response", "passed"),
    [
        ('```json\n{"a": 1}\n```', True),
        ('  ```JSON\n{"a": 1}\n```  ', True),
        ('```js {"a": 1}', True),
        ('json {"a": 1}', True),
        ('json{"a": 1}', True),
        ('NOSJ{"a": 1}', True),
        ('`{"a": 1}`', True),
        ("null", False),
        ("NaN", False),
        ("true", True),
        ("1", True),
        ('"json"', True),
        ('```python\n{"a": 1}\n```', False),
        ('{"a": 1} ```', True),
        ("[" * 100_000, False),
    ],
)
def test_json_fence_is_stripped_as_a_set_of_characters(response: str, passed: bool) -> None:
    assert passes("detectable_format:json_format", response) is passed


@pytest.mark.parametrize(
    ("response", "passed"),
    [
        ("<a>1</a>", True),
        ("```xml\n<a/>\n```", True),
        ("xml<a/>", True),
        ("<a/>", True),
        ("<a/> text", False),
        ("text <a> text </b> text", True),
        ("1 < 2 > 0 </ >", True),
        ("<></>", True),
        ("</a>", False),
        ("<a></a", False),
        ("> < </a>", False),
        ("plain", False),
        ("<a>\n</a>", True),
    ],
)
def test_nearly_anything_with_tags_is_xml(response: str, passed: bool) -> None:
    assert passes("detectable_format:xml_format", response) is passed


@settings(max_examples=300, deadline=None)
@given(st.text("<>/a \n", max_size=12))
def test_tags_are_found_as_the_references_pattern_finds_them(text: str) -> None:
    assert _tagged(text) == bool(re.match(r".*<.*>.*</.*>", text, re.DOTALL))


@pytest.mark.parametrize(
    ("response", "prompt", "passed"),
    [
        ("Say hi. Hi", "say hi.", True),
        ("'Say hi.' Hi", " Say hi. ", True),
        ('"Say hi." Hi', "Say hi.", True),
        ('" Say hi." Hi', "Say hi.", False),
        ('""Say hi."" Hi', "Say hi.", False),
        ("“Say hi.” Hi", "Say hi.", False),
        ("anything", "", False),
        ("anything", " ", True),
    ],
)
def test_repeated_prompt_may_follow_a_straight_quotation_mark(
    response: str, prompt: str, passed: bool
) -> None:
    assert passes("combination:repeat_prompt", response, prompt_to_repeat=prompt) is passed


@pytest.mark.parametrize(("text", "count"), [("***a***", 2), ("****", 0), ("** a**", 1), ("*** ***", 0)])
def test_highlights_are_counted_as_officially(text: str, count: int) -> None:
    """The reference strips every asterisk instead of two; the pattern lets no other one in."""
    assert passes("detectable_format:number_highlighted_sections", text, num_highlights=count)
    assert not passes("detectable_format:number_highlighted_sections", text, num_highlights=count + 1)
