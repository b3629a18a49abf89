from concurrent.futures import ThreadPoolExecutor

import pytest

from raif.text import detect, sentences, tokens, words

AMBIGUOUS = ("no", "ok hotel taxi", "hola casa", "die man", "Ja, so", "la casa e bella", "si", "tu est")


@pytest.mark.parametrize(
    ("text", "count"), [("don't", 2), ("one-two", 2), ("3.14", 2), ("a_b", 1), ("我喜欢喝茶。", 1), ("", 0)]
)
def test_words_are_runs_of_word_characters(text: str, count: int) -> None:
    assert len(words(text)) == count


def test_abbreviations_end_no_sentence() -> None:
    assert sentences("Mr. Smith left with Dr. Jones. It rained.") == [
        "Mr. Smith left with Dr. Jones.",
        "It rained.",
    ]


def test_line_break_ends_no_sentence() -> None:
    assert len(sentences("no stop\n\nnor here")) == 1


def test_run_of_marks_ends_one_sentence() -> None:
    assert len(sentences("What!?! Nothing.")) == 2


def test_tokens_split_contractions_and_punctuation() -> None:
    assert tokens("I don't go, A-B.") == ["I", "do", "n't", "go", ",", "A-B", "."]


def test_language_of_text_without_letters_is_unknown() -> None:
    assert detect("123 !!!") is None


def test_language_is_the_same_in_any_thread_and_order() -> None:
    expected = [detect.__wrapped__(text) for text in AMBIGUOUS]
    jobs = [*AMBIGUOUS * 5, *reversed(AMBIGUOUS * 5)]
    with ThreadPoolExecutor(2) as pool:
        found = list(pool.map(detect.__wrapped__, jobs))
    assert found == [*expected * 5, *reversed(expected * 5)]
