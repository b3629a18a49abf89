"""Corner cases of IFBench's checks, derived from their definitions; official verdicts cover the rest."""

import shutil
import time
from pathlib import Path
from typing import Any

import pytest

from raif.constraints import KINDS, Outcome
from raif.errors import ConstraintError, RaifError
from raif.text import tagger
from raif.types import Constraint
from raif.verdicts.checks import verdicts

FIVE = {f"keyword{n}": word for n, word in enumerate(("tea", "ale", "gin", "rum", "cider"), 1)}


def check(id: str, response: str, **kwargs: Any) -> Outcome:
    return KINDS[id].check(response, **KINDS[id].bind(kwargs))


@pytest.mark.parametrize(
    ("id", "response", "kwargs", "passed"),
    [
        ("count:unique_word_count", "a -- a", {"N": 2}, True),
        ("count:conjunctions", "and and, And", {"small_n": 3}, True),
        ("count:person_names", "Emmas Emma_ Emma's", {"N": 1}, True),
        ("count:person_names", "Emmas Emma_", {"N": 1}, False),
        ("count:numbers", "1,000.50 and x2y", {"N": 2}, True),
        ("count:punctuation", ". , ; : ?! !?", {}, True),
        ("count:punctuation", ". , ; : !?", {}, False),
        ("count:words_japanese", "a b 12 c d ... e", {"N": 3}, True),
        ("count:words_japanese", "a b 12a x", {"N": 3}, False),
        ("count:pronouns", "(Its) it's s/he", {"N": 3}, True),
        ("count:keywords_multiple", "tea" + "ale " * 2 + "gin" * 3 + "RUM" * 5 + "cider" * 7, FIVE, True),
        ("count:keywords_multiple", "teatea" + "ale" * 2 + "gin" * 3 + "rum" * 5 + "cider" * 7, FIVE, False),
        ("ratio:stop_words", "the" + " cat" * 13, {"percentage": 7}, False),
        ("ratio:stop_words", "the" + " cat" * 99, {"percentage": 1}, True),
        ("ratio:stop_words", "- - -", {"percentage": 100}, False),
        ("ratio:overlap", "abcabcabc", {"reference_text": "abcab", "percentage": 98}, True),
        ("ratio:overlap", "xy", {"reference_text": "abc", "percentage": 0}, False),
        ("ratio:sentence_balance", "Mr. and Mrs. Low", {}, True),
        ("ratio:sentence_words", "Tea is. Tea is. Tea is.  ", {}, True),
        (
            "sentence:alliteration_increment",
            "A b. Cat can cry. Do dogs dig? Try two, try ten tins.",
            {},
            False,
        ),
        ("sentence:alliteration_increment", "A b. C 'cat' d. E f, g go, h hi.", {}, True),
        ("sentence:keyword", "One. It costs $5 (now).", {"word": "costs $5", "N": 2}, True),
        ("sentence:keyword", "One. It costs (now).", {"word": "(now)", "N": 2}, False),
        ("sentence:increment", "It's. A - b. One two three.", {"small_n": 1}, True),
        ("words:alphabet", "'Xylo y\tz A", {}, True),
        ("words:alphabet", "İ j", {}, False),
        ("words:vowel", "AaEe Ii\n", {}, True),
        ("words:vowel", "a\n\ne", {}, False),
        ("words:consonants", "why-not sky", {}, True),
        ("words:consonants", "b-b sky", {}, False),
        ("words:prime_lengths", "x" * 97, {}, True),
        ("words:prime_lengths", "x" * 101, {}, False),
        ("words:repeats", "Don't dont DONT!", {"small_n": 2}, False),
        ("words:odd_even_syllables", "5 cats 6", {}, True),
        ("words:no_consecutive", "“big big", {}, True),
        ("words:last_first", 'He left. "Left?" she said.', {}, False),
        ("words:last_first", "He left. 'Left we are", {}, True),
        ("words:paragraph_last_first", "A b a.\n---\n\n'C d' c", {}, True),
        ("words:keywords_specific_position", "A, b - cat", {"keyword": " CAT ", "n": 1, "m": 3}, True),
        ("words:words_position", "a dog dog b ...", {"keyword": "dog"}, False),
        ("words:words_position", "a dog, a dog b )", {"keyword": "dog"}, True),
        ("words:words_position", "dog dog.", {"keyword": "dog"}, True),
        ("format:parentheses", "((((( ] ((((()", {}, True),
        ("format:parentheses", "((((( ] )", {}, False),
        ("format:quotes", "'\"'\"'\"", {}, False),
        ("format:quotes", "it's \"x 's' y\" z'", {}, True),
        ("format:options", "B)", {"options": "a), b), c)"}, False),
        ("format:options", "(RED)", {"options": "Red, green"}, True),
        ("format:options", "f", {"options": "for, against"}, True),
        ("format:newline", "a\n \nb c", {}, True),
        ("format:emoji", "Tea!\n🍵 Milk 🥛.", {}, True),
        ("format:emoji", "Tea ❤️.", {}, True),
        ("format:emoji", "Tea 🍵. ?", {}, False),
        ("format:line_indent", "\n\na", {}, False),
        ("format:line_indent", "\na\n\n b", {}, True),
        ("format:line_indent", "a\n\n\n  b\n   c", {}, False),
        ("format:quote_unquote", '"a" is "b" 12.', {}, False),
        ("format:quote_unquote", '"a" "b" is', {}, False),
        ("format:thesis", "</i> <i> </i> x", {}, False),
        ("format:thesis", "<em></em>", {}, True),
        ("format:sub-bullets", "**bold** - x", {}, False),
        ("format:no_bullets_bullets", "A. B.\n\n\n* x\n* y", {}, False),
        ("format:no_bullets_bullets", "A\nB\n** x\n*y", {}, True),
        ("format:title_case", 'mIXed "a"', {}, False),
        ("format:title_case", "Don't", {}, False),
        ("format:no_whitespace", "a\u3000b", {}, False),
        ("custom:multiples", "x14y21,28-35.42/49", {}, True),
        ("custom:word_reverse", "Eagles bald? Eagle, bald!", {}, True),
        ("custom:european_capitals_sort", "Reykjavík", {}, False),
        ("custom:date_format_list", "1800-00-00,1800-02-29", {}, True),
        ("custom:date_format_list", "1800-04-31", {}, False),
        ("custom:date_format_list", "1800-04-01,", {}, False),
        ("repeat:repeat_change", "Say  hello", {"prompt_to_repeat": "Say hello"}, True),
        ("repeat:repeat_change", "Say hello", {"prompt_to_repeat": "Say hello"}, False),
        ("repeat:repeat_span", " TEA ", {"prompt_to_repeat": "a tea", "n_start": 1, "n_end": 99}, True),
    ],
)
def test_quirk_is_kept(id: str, response: str, kwargs: dict[str, Any], passed: bool) -> None:
    assert check(id, response, **kwargs).passed is passed


QUOTED = "\n".join(['"StudentID"\t"Subject"\t"Grade"\t"Semester"\t"Score"', *['"1"\t"2"\t"3"\t"4"\t"5"'] * 3])


@pytest.mark.parametrize(
    ("id", "response"),
    [
        ("custom:csv_quotes", QUOTED.replace('"3"', "")),
        ("custom:csv_city", "ID,Country,City,Year,Count\r1"),
        ("custom:csv_city", "x" * 200_000),
        ("custom:csv_special_character", 'ProductID,Category,Brand,Price,Stock\n"' + "!" * 200_000),
    ],
)
def test_table_on_which_upstream_crashes_fails(id: str, response: str) -> None:
    assert check(id, response).passed is False


def test_table_with_every_field_quoted_passes() -> None:
    assert check("custom:csv_quotes", QUOTED).passed


@pytest.mark.parametrize(
    ("id", "kwargs"),
    [
        ("count:numbers", {"N": 2.5}),
        ("count:numbers", {"N": float("nan")}),
        ("count:numbers", {"N": "2"}),
        ("count:numbers", {"N": True}),
        ("count:numbers", {"N": -1.0}),
        ("count:numbers", {"N": None}),
        ("count:numbers", {"N": 2, "small_n": 2}),
        ("count:words_japanese", {"N": 0}),
        ("count:word_count_range", {"min_words": 5.0, "max_words": 4.0}),
        ("count:keywords_multiple", FIVE | {"keyword3": " "}),
        ("ratio:stop_words", {"percentage": float("inf")}),
        ("ratio:overlap", {"percentage": 50, "reference_text": ""}),
        ("sentence:keyword", {"word": "tea", "N": 0}),
        ("words:keywords_specific_position", {"keyword": "tea", "n": 1, "m": 0}),
        ("format:options", {"options": ["a", "b"]}),
        ("format:list", {"sep": ""}),
        ("repeat:repeat_span", {"prompt_to_repeat": "tea", "n_start": 2, "n_end": 1}),
        ("repeat:repeat_change", {}),
    ],
)
def test_malformed_kwargs_are_refused(id: str, kwargs: dict[str, Any]) -> None:
    with pytest.raises(ConstraintError, match=id):
        KINDS[id].bind(kwargs)


def test_integral_floats_are_taken_as_integers() -> None:
    bound = KINDS["repeat:repeat_span"].bind({"prompt_to_repeat": "a tea", "n_start": 2.0, "n_end": 4.0})
    assert bound == {"prompt_to_repeat": "a tea", "n_start": 2, "n_end": 4}
    assert all(isinstance(bound[name], int) for name in ("n_start", "n_end"))


@pytest.fixture
def no_model(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A folder of benchmark data without the tagger's model, which NLTK doesn't have either."""
    import nltk

    monkeypatch.setattr(nltk.data, "path", [])
    monkeypatch.setenv("RAIF_BENCHMARK_DATA", str(tmp_path))
    return tmp_path


def test_verb_is_not_judged_without_the_taggers_model(no_model: Path) -> None:
    (verdict,) = verdicts([Constraint(id="words:start_verb")], "Write it.")
    assert (verdict.passed, verdict.passed_loose) == (None, None)
    assert "averaged_perceptron_tagger_eng" in verdict.reason
    assert "NLTK_DATA" in verdict.reason


def test_archive_that_is_none_is_an_error_that_names_it(no_model: Path) -> None:
    (no_model / "ifbench").mkdir()
    path = no_model / "ifbench" / "averaged_perceptron_tagger_eng.tar.gz"
    path.write_text("no archive")
    with pytest.raises(RaifError, match=path.name):
        check("words:start_verb", "Write it.")


@pytest.mark.parity
def test_model_is_also_found_in_nltks_own_folders(
    no_model: Path, monkeypatch: pytest.MonkeyPatch, benchmark_data: Path
) -> None:
    import nltk

    archive = benchmark_data / "ifbench" / "averaged_perceptron_tagger_eng.tar.gz"
    shutil.unpack_archive(archive, no_model / "nltk_data", filter="data")
    monkeypatch.setattr(nltk.data, "path", [str(no_model / "nltk_data")])
    assert check("words:start_verb", "Write it.").passed


@pytest.mark.parity
def test_words_after_the_third_do_not_change_the_first_ones_tag(
    benchmark_data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RAIF_BENCHMARK_DATA", str(benchmark_data))
    from raif.text import tokens

    model = tagger.tagger()
    for start in ("Run", "Running", "Book", "Please", "Light", '"', "Tea", "Let"):
        words = tokens(f"{start} the fast boats home, and then come back to us.")
        assert model.tag(words)[0] == model.tag(words[:3])[0]


@pytest.mark.parametrize(
    ("id", "text"),
    [
        ("format:line_indent", "\n" * 500_000),
        ("format:newline", "\n" * 500_000),
        ("format:parentheses", "(" * 500_000),
        ("format:no_bullets_bullets", "a\n" * 250_000),
        ("custom:mcq_count_length", "Question" + "\n" * 500_000),
        (
            "custom:csv_special_character",
            "ProductID,Category,Brand,Price,Stock" + '\n1,2,3,4,"!!' * 14 + "!" * 99_999,
        ),
    ],
)
def test_time_is_linear_where_upstreams_is_quadratic(id: str, text: str) -> None:
    began = time.process_time()
    check(id, text)
    assert time.process_time() - began < 2
