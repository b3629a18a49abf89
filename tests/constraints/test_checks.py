"""Corner cases of single checks; the official verdicts cover the rest."""

import pytest

from raif.constraints import KINDS


def passes(id: str, response: str, **kwargs: object) -> bool:
    return KINDS[id].check(response, **kwargs).passed


@pytest.mark.parametrize(
    ("response", "count"),
    [("*a", 1), ("---", 1), ("**bold**", 0), ("*\n* a", 1), ("\n\n \n- a", 1), ("a\n * b\n\t- c", 2)],
)
def test_bullets_are_counted_with_upstreams_quirks(response: str, count: int) -> None:
    assert passes("detectable_format:number_bullet_lists", response, num_bullets=count)


@pytest.mark.parametrize(("response", "count"), [("*a*", 1), ("**a**", 1), ("***a***", 2), ("*a*b*", 1)])
def test_highlights_are_counted_with_upstreams_quirks(response: str, count: int) -> None:
    assert KINDS["detectable_format:number_highlighted_sections"].check(response, num_highlights=count).passed
    assert not passes("detectable_format:number_highlighted_sections", response, num_highlights=count + 1)


def test_character_that_is_no_letter_is_counted_literally() -> None:
    wanted = {"letter": "#", "let_frequency": 2, "let_relation": "at least"}
    assert passes("keywords:letter_frequency", "# a #", **wanted)
    assert not passes("keywords:letter_frequency", "# a", **wanted)


def test_apostrophe_before_a_double_quote_hides_the_first_word() -> None:
    wanted = {"num_paragraphs": 1, "nth_paragraph": 1, "first_word": "we"}
    assert passes("length_constraints:nth_paragraph_first_word", "'\"we are", **wanted)
    assert not passes("length_constraints:nth_paragraph_first_word", "\"'we are", **wanted)


def test_json_nested_beyond_the_parser_fails() -> None:
    assert not passes("detectable_format:json_format", "[" * 100_000)


def test_reason_gives_what_was_found_and_asked() -> None:
    outcome = KINDS["detectable_format:number_bullet_lists"].check("* a\n* b\n* c", num_bullets=2)
    assert outcome.reason == "3 bullets, asked for exactly 2"
