"""What `import raif` offers, and all forms of arguments of `raif.verify`."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

import raif
from raif import Constraint, Instruction, Message, RaifError, verify
from raif.constraints import KINDS, Outcome, kind

NO_COMMA = Constraint(id="punctuation:no_comma")
FORMS: dict[str, Any] = {
    "constraints": [NO_COMMA],
    "plain constraints": ({"id": "punctuation:no_comma"},),
    "instruction": Instruction(
        id="a", messages=(Message(role="user", content="Hi"),), constraints=(NO_COMMA,)
    ),
    "parts of an instruction": {
        "messages": (Message(role="user", content="Hi"),),
        "constraints": (NO_COMMA,),
    },
    "record": {"messages": [{"role": "user", "content": "Hi"}], "constraints": [{"id": NO_COMMA.id}]},
    "record without prompt": {"constraints": [{"id": NO_COMMA.id}]},
    "IFEval": {"prompt": "Hi", "instruction_id_list": [NO_COMMA.id], "kwargs": [{"num_words": None}]},
}


@pytest.mark.parametrize("checks", FORMS.values(), ids=FORMS)
@pytest.mark.parametrize(("response", "followed"), [("Warm and brown.", True), ("Warm, brown.", False)])
def test_every_form_of_checks_has_the_same_verdict(checks: Any, response: str, followed: bool) -> None:
    assert verify(checks, response).followed is followed


def test_constraints_may_come_from_any_iterable() -> None:
    assert verify((one for one in [NO_COMMA]), "a, b").followed is False


def test_thinking_is_split_off() -> None:
    assert verify([NO_COMMA], "a, b</think>c", think="deepseek").followed


def test_dialect_and_language_take_the_place_of_the_records(monkeypatch: pytest.MonkeyPatch) -> None:
    lenient = replace(KINDS[NO_COMMA.id], check=lambda response: Outcome(True, "anything goes"))
    kind.find(NO_COMMA.id, "zh")  # loads what it puts in place
    monkeypatch.setitem(kind._VARIANTS, (NO_COMMA.id, "zh"), lenient)
    record = {**FORMS["record"], "language": "fr"}
    assert verify(record, "a, b").followed is False
    assert verify(record, "a, b", language="zh").followed is True
    assert verify(record, "a, b", language="zh", dialect="official").followed is False


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"dialect": "nobody's"}, "dialect: Input should be"),
        ({"language": 7}, "language: '7' is not a language"),
    ],
)
def test_dialect_and_language_are_checked(given: dict[str, Any], said: str) -> None:
    with pytest.raises(RaifError, match=f"checks: {said}"):
        verify([NO_COMMA], "a", **given)


@pytest.mark.parametrize(
    ("response", "said"),
    [
        (None, "response: a string is needed, not None"),
        (7, "response: content: text or a list of parts is needed, not int"),
        ([{"type": "image_url"}], "response: content: a part of the type 'image_url' is not text"),
    ],
)
def test_a_response_that_is_no_text_is_named(response: Any, said: str) -> None:
    with pytest.raises(RaifError, match=said):
        verify([NO_COMMA], response)


def test_parts_of_a_content_are_the_text() -> None:
    parts = [{"type": "thinking", "thinking": "a, b"}, {"type": "text", "text": "Warm and brown."}]
    assert verify([NO_COMMA], parts).followed is True


def test_a_row_of_pandas_is_a_record() -> None:
    pandas = pytest.importorskip("pandas")
    table = pandas.DataFrame([{"prompt": "Hi", "instruction_id_list": [NO_COMMA.id], "kwargs": [{}]}])
    assert verify(next(row for _, row in table.iterrows()), "a, b").followed is False


def test_numpys_numbers_and_arrays_are_numbers_and_lists() -> None:
    kwargs = {"num_words": np.int64(2), "relation": "at least", "n": None}
    words = {"id": "length_constraints:number_words", "kwargs": kwargs}
    assert verify([words], "two words").followed is True
    more = {**words, "kwargs": {**kwargs, "num_words": np.float64(3.0)}}
    assert verify([more], "two words").followed is False
    row = {"prompt": "Hi", "instruction_id_list": np.array([words["id"]]), "kwargs": np.array([kwargs])}
    assert verify(row, "two words").followed is True
    keywords = {"id": "keywords:existence", "kwargs": {"keywords": np.array(["tea", "hot"])}}
    assert verify([keywords], "hot tea").followed is True


@pytest.mark.parametrize(
    ("checks", "said"),
    [
        ([{"id": "punctuation:no_commas"}], "checks: constraints.0: unknown constraint"),
        ([{"id": NO_COMMA.id, "kwargs": {"n": 1}}], "checks: constraints.0: .*unknown kwarg 'n'"),
        ("Warm and brown.", "checks: a record or constraints are needed, not str"),
        (7, "checks: a record or constraints are needed, not int"),
        ({}, "in no known layout: it has no columns"),
    ],
)
def test_checks_that_cannot_be_used_are_named(checks: Any, said: str) -> None:
    with pytest.raises(RaifError, match=said):
        verify(checks, "a")


@pytest.mark.parametrize("name", raif._HOMES)
def test_every_name_is_there_and_listed(name: str) -> None:
    assert getattr(raif, name).__name__ == name
    assert name in dir(raif)


def test_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'verfy'"):
        raif.verfy  # type: ignore[attr-defined] # noqa: B018


def test_no_module_takes_the_functions_name() -> None:
    code = "import raif_cli.verify, raif.verdicts.stream, raif; print(callable(raif.verify))"
    assert subprocess.check_output([sys.executable, "-c", code], text=True) == "True\n"


def test_import_of_raif_loads_nothing_else() -> None:
    code = "import sys, raif; print(*(m for m in sys.modules if m.startswith(('raif.', 'pydantic'))))"
    assert subprocess.check_output([sys.executable, "-c", code], text=True) == "\n"
