"""IFBench's family `custom`, second half: tables as comma- or tab-separated values."""

from __future__ import annotations

import csv
import io
import re

from raif.constraints.ifbench.common import no_kwargs
from raif.constraints.kind import Example, Outcome, exactly, kind

_CITY = ("ID", "Country", "City", "Year", "Count")
_PRODUCT = ("ProductID", "Category", "Brand", "Price", "Stock")
_STUDENT = ("StudentID", "Subject", "Grade", "Semester", "Score")
_SPECIAL = re.compile(r"[^\w\s]")


def _rows(text: str, delimiter: str = ",") -> list[list[str]]:
    """The rows of a table; none where it can't be read, on which upstream crashes."""
    try:
        return list(csv.reader(io.StringIO(text), delimiter=delimiter))
    except csv.Error:
        return []


def _headed(response: str, columns: tuple[str, ...], gap: str) -> bool:
    """Whether the first line names the columns, in double quotes or not, with `gap`, a regex, in between."""
    line = gap.join(f'(?:{name}|"{name}")' for name in columns)
    return re.fullmatch(line, response.split("\n", 1)[0].strip()) is not None


def _tripled(text: str) -> str:
    """A quoted field then keeps its quotation marks when it is read."""
    return text.replace('"', '"""')


def _five(rows: list[list[str]]) -> bool:
    return all(len(row) == 5 for row in rows)


def _special(field: str) -> bool:
    """A special character between double quotes on the first line, the first of which opens the field."""
    line = field.split("\n", 1)[0]
    return line.startswith('"') and _SPECIAL.search(line, 1, max(1, line.rfind('"'))) is not None


@kind(
    "custom:csv_city",
    wordings={"en": ("Make up 7 rows of comma-separated data with the columns ID,Country,City,Year,Count.",)},
    draw=no_kwargs,
    examples=(
        Example(True, ",".join(_CITY) + "\n1,Chad,Sarh,2020,3" * 7, {}),
        Example(False, ",".join(_CITY) + "\n1,Chad,Sarh,2020,3" * 6, {}),
    ),
)
def csv_city(response: str) -> Outcome:
    """A blank line is a row too."""
    rows = _rows(response)
    if len(rows) != 8:
        return exactly(len(rows), 8, "rows with the header")
    if tuple(rows[0]) != _CITY:
        return Outcome(False, f"columns {','.join(rows[0])[:80]}")
    passed = _five(rows)
    return Outcome(passed, f"{'' if passed else 'not '}5 fields in every row")


@kind(
    "custom:csv_special_character",
    wordings={
        "en": (
            "Make up 14 rows of comma-separated data with the columns ProductID,Category,Brand,Price,Stock. "
            "Put a special character into one field and that field into double quotes.",
        )
    },
    draw=no_kwargs,
    examples=(
        Example(True, ",".join(_PRODUCT) + '\n1,"A&B",C,2,3' + "\n2,A,C,2,3" * 13, {}),
        Example(False, ",".join(_PRODUCT) + "\n1,A&B,C,2,3" + "\n2,A,C,2,3" * 13, {}),
    ),
)
def csv_special_character(response: str) -> Outcome:
    """Rows after the one with the special character need not have five fields."""
    if not _headed(response, _PRODUCT, r",[ \t]*"):
        return Outcome(False, "no header with the five columns")
    rows = _rows(_tripled(response))
    if len(rows) != 15:
        return exactly(len(rows), 15, "rows with the header")
    for number, row in enumerate(rows[1:], 1):
        if len(row) != 5:
            return Outcome(False, f"{len(row)} fields in row {number}")
        if any(map(_special, row)):
            return Outcome(True, f"a quoted special character in row {number}")
    return Outcome(False, "no special character in double quotes")


@kind(
    "custom:csv_quotes",
    wordings={
        "en": (
            "Make up 3 rows of tab-separated data with the columns StudentID, Subject, Grade, Semester and "
            "Score, every field of it in double quotes.",
        )
    },
    draw=no_kwargs,
    examples=(
        Example(True, "\n".join(["\t".join(f'"{name}"' for name in _STUDENT)] * 4), {}),
        Example(False, "\n".join(["\t".join(_STUDENT)] * 4), {}),
    ),
)
def csv_quotes(response: str) -> Outcome:
    """An empty field, on which upstream crashes, is one without quotes."""
    if not _headed(response, _STUDENT, "\t *"):
        return Outcome(False, "no header with the five columns")
    rows = _rows(_tripled(response), "\t")
    if len(rows) != 4:
        return exactly(len(rows), 4, "rows with the header")
    if not _five(rows):
        return Outcome(False, "not 5 fields in every row")
    wrong = [field for row in rows for field in map(str.strip, row) if not (field[:1] == field[-1:] == '"')]
    return Outcome(not wrong, f'"{wrong[0]}" is not quoted' if wrong else "every field is quoted")
