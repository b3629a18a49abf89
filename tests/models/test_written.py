from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from raif.models.written import Written
from tests.tiny import byte_tokenizer

pytest.importorskip("transformers", reason="needs raif[train]")
TOKENIZER: Any = byte_tokenizer()


def decode(ids: Sequence[int]) -> str:
    return str(TOKENIZER.decode(list(ids), skip_special_tokens=False))


def written(ids: Sequence[int], stop: Sequence[str] = ()) -> tuple[list[str], bool]:
    """The pieces of a response, and whether a stop string ended it."""
    text = Written(decode, stop)
    pieces = []
    for token in ids:
        pieces.append(text.add(token))
        if text.stopped:
            return pieces, True
    return [*pieces, text.close()], False


@given(st.text(max_size=80))
def test_the_pieces_are_the_text_and_hold_whole_characters(text: str) -> None:
    pieces, _ = written(TOKENIZER.encode(text))
    assert "".join(pieces) == text
    assert all(
        "\N{REPLACEMENT CHARACTER}" not in piece or "\N{REPLACEMENT CHARACTER}" in text for piece in pieces
    )


@given(st.lists(st.integers(0, 255), max_size=120))
def test_broken_characters_are_those_of_the_whole_text(ids: list[int]) -> None:
    assert "".join(written(ids)[0]) == decode(ids)


@given(
    st.text(st.sampled_from("ab \n四"), max_size=90),
    st.lists(st.text(st.sampled_from("ab 四"), min_size=1, max_size=3), min_size=1, max_size=3),
)
def test_a_text_ends_before_the_first_stop_string(text: str, stop: list[str]) -> None:
    places = [text.find(one) for one in stop if one in text]
    pieces, stopped = written(TOKENIZER.encode(text), stop)
    assert stopped == bool(places)
    if not places:
        assert "".join(pieces) == text
    else:  # of strings that begin in one another's middle, the one that is written first ends it
        ends = min(text.find(one) + len(one) for one in stop if one in text)
        first = min(text.find(one) for one in stop if one in text and text.find(one) + len(one) == ends)
        assert "".join(pieces) == text[:first]


def test_what_may_be_a_stop_string_is_held_back_and_nothing_else() -> None:
    pieces, _ = written(TOKENIZER.encode("a </s> </x"), ["</s>x"])
    assert pieces == ["a", " ", "", "", "", "", "</s> ", "", "", "</x", ""]
