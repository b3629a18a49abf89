"""Tables, and questions with choices."""

from __future__ import annotations

import csv
import io
import re
from itertools import pairwise

from raif.constraints.ifbench.custom import CITY, PRODUCT, STUDENT
from raif.constraints.kind import Outcome, exactly
from raif.constraints.plain.common import meaning, said
from raif.text import reader

_FENCE = re.compile(r"\A```\w*\n(.*?)\n?```\Z", re.DOTALL)
_HEAD = re.compile(r"^[#*\t ]*Question (\d+)\b[.:)*]*", re.MULTILINE)
_CHOICE = re.compile(r"^\s*[(*]*([A-Ea-e])[*]*[.):*]+\s*\S")
_QUIZ = "".join(
    f"Question {n}: What is i{'t' * n}?\nA. one\nB. two\nC. three\nD. four\nE. five\n\n" for n in range(1, 5)
)


def _lines(response: str) -> list[str]:
    """The lines that are not blank, without a code fence around them."""
    fenced = _FENCE.match(response.strip())
    return [line for line in (fenced[1] if fenced else response).splitlines() if line.strip()]


def _flaw(response: str, columns: tuple[str, ...], count: int, delimiter: str = ",") -> str:
    """What is wrong with the table, or an empty text."""
    lines = _lines(response)
    try:
        rows = list(csv.reader(io.StringIO("\n".join(lines)), delimiter=delimiter, skipinitialspace=True))
    except csv.Error as error:
        return str(error)
    if not rows or tuple(field.strip() for field in rows[0]) != columns:
        return f"no header with the columns {','.join(columns)}"
    if len(rows) != count + 1:
        return f"{len(rows) - 1} rows, asked for {count}"
    if any(len(row) != len(columns) or not all(map(str.strip, row)) for row in rows):
        return f"not {len(columns)} fields in every row"
    return ""


_FIVE = "1,Chad,Sarh,2020,3\n"


@meaning(
    "custom:csv_city",
    (True, ",".join(CITY) + "\n" + _FIVE * 7 + "\n", {}),
    (False, ",".join(CITY) + "\n" + _FIVE * 6 + ",,,,\n", {}),
)
def csv_city(response: str) -> Outcome:
    """Blank lines and a code fence don't count; no field is empty."""
    wrong = _flaw(response, CITY, 7)
    return said(not wrong, "7 rows", wrong)


@meaning(
    "custom:csv_special_character",
    (True, ",".join(PRODUCT) + '\n1,"A&B",C,2,3' + "\n2,A,C,2,3" * 13 + "\n", {}),
    (False, ",".join(PRODUCT) + '\n1,"A&B",C,2,3' + "\n2,A,C" * 13, {}),
)
def csv_special_character(response: str) -> Outcome:
    """All rows have five fields, and blank lines don't count."""
    wrong = _flaw(response, PRODUCT, 14)
    fields = re.findall(r'"((?:[^"]|"")*)"', "\n".join(_lines(response)[1:]))
    special = any(re.search(r"[^\w\s.-]", field) for field in fields)
    return said(not wrong and special, "14 rows", wrong or "no special character in a quoted field")


@meaning(
    "custom:csv_quotes",
    (True, "\n".join(["\t".join(f'"{name}"' for name in STUDENT)] * 4) + "\n\n", {}),
    (False, "\n".join(["\t".join(STUDENT), *["\t".join('"a"' for _ in STUDENT)] * 3]), {}),
)
def csv_quotes(response: str) -> Outcome:
    """Blank lines and a code fence don't count."""
    wrong = _flaw(response, STUDENT, 3, "\t")
    fields = [field.strip() for line in _lines(response) for field in line.split("\t")]
    bare = next((field for field in fields if not re.fullmatch(r'"[^"]+"', field)), None)
    return said(not wrong and bare is None, "every field is quoted", wrong or f'"{bare}" is not quoted')


@meaning(
    "custom:mcq_count_length",
    (True, _QUIZ.replace("A.", "(A)"), {}),
    (False, _QUIZ + "That was the quiz.", {}),
)
def mcq_count_length(response: str) -> Outcome:
    """Questions are numbered 1 to 4, choices A to E, and there is nothing before, between or after them."""
    parts = _HEAD.split(response.strip())
    if parts[0].strip() or parts[1::2] != ["1", "2", "3", "4"]:
        return Outcome(False, f"questions {parts[1::2]}, asked for 1 to 4 and nothing before them")
    lengths = []
    for number, part in enumerate(parts[2::2], 1):
        lines = [line for line in part.splitlines() if line.strip()]
        letters = [found[1].lower() if (found := _CHOICE.match(line)) else "" for line in lines]
        start = letters.index("a") if "a" in letters else len(letters)
        if letters[start:] != [*"abcde"]:
            return exactly(len(letters) - start, 5, f"choices from A to E in question {number}")
        lengths.append(len(reader.spaced(" ".join(lines[:start]))))
    return Outcome(all(a < b for a, b in pairwise([0, *lengths])), f"questions of {lengths} characters")
