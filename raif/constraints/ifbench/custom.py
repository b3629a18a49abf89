"""IFBench's family `custom`: single tasks with a known answer or form, and tables."""

from __future__ import annotations

import csv
import io
import re
import unicodedata
from itertools import pairwise
from string import ascii_lowercase

from raif.constraints.ifbench.common import bare_words, no_kwargs, trim
from raif.constraints.kind import Example, Outcome, exactly, kind
from raif.text import sentences, words

_MULTIPLES = ["14", "21", "28", "35", "42", "49"]
_QUESTION = re.compile(r"Question \d+[.|):;]?\s*")
_CHOICE = re.compile(r"[A-Ea-e][.|)]\s*\w")
_COUNTRIES = 52
_DATE = re.compile(r"(\d{4})-(\d{2})-(\d{2})")
_DAYS = (99, 31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
"""Days of each month. Month 00, which upstream accepts, may have any."""
_CAPITALS = words("""
    Reykjavik Helsinki Oslo Tallinn Stockholm Riga Moscow Copenhagen Vilnius Minsk Dublin Berlin Amsterdam
    Warsaw London Brussels Prague Luxembourg Paris Vienna Bratislava Budapest Vaduz Chisinau Bern Ljubljana
    Zagreb
    """)
_OPTIONS = "\nA. one\nB. two\nC. three\nD. four\nE. five\n"
_QUIZ = "".join(f"Question {n}: What is i{'t' * n}?{_OPTIONS}" for n in range(1, 5))
CITY = ("ID", "Country", "City", "Year", "Count")
PRODUCT = ("ProductID", "Category", "Brand", "Price", "Stock")
STUDENT = ("StudentID", "Subject", "Grade", "Semester", "Score")
_SPECIAL = re.compile(r"[^\w\s]")


def _ascii(text: str) -> str:
    """Letters without their accents, and nothing else beyond ASCII."""
    return unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()


@kind(
    "custom:multiples",
    wordings={"en": ("Of the numbers from 10 to 50, write only those that 7 divides.",)},
    draw=no_kwargs,
    examples=(Example(True, "14,21,28,35,42,49", {}), Example(False, "7, 14, 21, 28, 35, 42, 49", {})),
)
def multiples(response: str) -> Outcome:
    """The numbers are 14, 21, 28, 35, 42 and 49 in this order. Other text may be between them."""
    found = re.findall(r"\d+", response)
    return Outcome(found == _MULTIPLES, f"numbers: {' '.join(found[:8])}")


@kind(
    "custom:mcq_count_length",
    wordings={
        "en": (
            "Write 4 questions on art of the 20th century with 5 choices each, every question longer than "
            "the one before. Head them Question 1 and so on, and say nothing else.",
        )
    },
    draw=no_kwargs,
    examples=(Example(True, _QUIZ, {}), Example(False, f"Here they are.\n{_QUIZ}", {})),
)
def mcq_count_length(response: str) -> Outcome:
    """Lines between and after the choices are ignored."""
    if not response.startswith("Question"):
        return Outcome(False, 'does not begin with "Question"')
    asked = [part.strip() for part in _QUESTION.split(response) if part.strip()]
    if len(asked) != 4:
        return exactly(len(asked), 4, "questions")
    lengths = []
    for number, part in enumerate(asked, 1):
        lines = [line.strip() for line in part.split("\n")]
        choices = [place for place, line in enumerate(lines) if _CHOICE.match(line)]
        if len(choices) != 5:
            return exactly(len(choices), 5, f"choices in question {number}")
        lengths.append(len(" ".join(lines[: choices[0]]).strip()))
    return Outcome(all(a < b for a, b in pairwise(lengths)), f"questions of {lengths} characters")


@kind(
    "custom:reverse_newline",
    wordings={"en": ("Name all countries of Africa from Z to A, one on each line.",)},
    draw=no_kwargs,
    examples=(
        Example(True, "\n".join(["Zimbabwe", *["Chad"] * 51]), {}),
        Example(False, "\n".join(["Zimbabwe", *["Chad"] * 50]), {}),
    ),
)
def reverse_newline(response: str) -> Outcome:
    """At least 52 lines from the first with Zimbabwe on. Which countries they name is not checked."""
    lines = [found for line in response.split("\n") if (found := trim(line))]
    start = next((place for place, line in enumerate(lines) if "Zimbabwe" in line), None)
    if start is None:
        return Outcome(False, "no Zimbabwe")
    names = [_ascii(line) for line in lines[start:]]
    if len(names) < _COUNTRIES:
        return Outcome(False, f"{len(names)} lines, asked for at least {_COUNTRIES}")
    wrong = next((f'"{b}" after "{a}"' for a, b in pairwise(names) if a < b), None)
    return Outcome(wrong is None, wrong or "in reverse order")


@kind(
    "custom:word_reverse",
    wordings={"en": ("Which animal is the symbol of the USA? Write the words of your sentence backwards.",)},
    draw=no_kwargs,
    examples=(Example(True, "Eagle bald the.", {}), Example(False, "The bald eagle.", {})),
)
def word_reverse(response: str) -> Outcome:
    """Upstream also requires one sentence, which words without punctuation always are."""
    found = "bald eagle" in " ".join(reversed(bare_words(response.lower())))
    return Outcome(found, f"{'' if found else 'no '}bald eagle when read backwards")


@kind(
    "custom:character_reverse",
    wordings={
        "en": ("Which animal is the symbol of the USA? Write the letters of your sentence backwards.",)
    },
    draw=no_kwargs,
    examples=(Example(True, "elgae dlab A", {}), Example(False, "eagle bald A", {})),
)
def character_reverse(response: str) -> Outcome:
    """ "bald eagle" occurs in reverse order of letters, in any case."""
    found = "elgae dlab" in response.lower()
    return Outcome(found, f"{'' if found else 'no '}bald eagle when read backwards")


@kind(
    "custom:sentence_alphabet",
    wordings={"en": ("Tell a story in 26 sentences that begin with the letters A to Z in their order.",)},
    draw=no_kwargs,
    examples=(
        Example(True, " ".join(f"{letter}b is it." for letter in ascii_lowercase.upper()), {}),
        Example(False, " ".join(f"{letter}b is it." for letter in ascii_lowercase.upper()[:25]), {}),
    ),
)
def sentence_alphabet(response: str) -> Outcome:
    """Punkt finds 26 sentences, whose first characters are a to z in any case."""
    initials = [sentence.strip().lower()[:1] for sentence in sentences(response)]
    if len(initials) != 26:
        return exactly(len(initials), 26, "sentences")
    return Outcome("".join(initials) == ascii_lowercase, f"initials {' '.join(initials)}")


@kind(
    "custom:european_capitals_sort",
    wordings={
        "en": ("List Europe's capitals that lie north of 45 degrees from north to south, between commas.",)
    },
    draw=no_kwargs,
    examples=(
        Example(True, ", ".join(_CAPITALS), {}),
        Example(False, ", ".join(sorted(_CAPITALS)), {}),
    ),
)
def european_capitals_sort(response: str) -> Outcome:
    """Those on the benchmark's own list, in its order."""
    found = [name.strip() for name in _ascii(response).split(",") if name.strip()]
    if len(found) != len(_CAPITALS):
        return exactly(len(found), len(_CAPITALS), "capitals")
    wrong = next((f'"{a}" instead of "{b}"' for a, b in zip(found, _CAPITALS, strict=True) if a != b), None)
    return Outcome(wrong is None, wrong or "all capitals in order")


@kind(
    "custom:date_format_list",
    wordings={
        "en": ("Give only the dates on which Napoleon's battles began, as YYYY-MM-DD and between commas.",)
    },
    draw=no_kwargs,
    examples=(Example(True, "1796-04-12, 1805-12-02", {}), Example(False, "1796-04-12, 1825-12-02", {})),
)
def date_format_list(response: str) -> Outcome:
    """Any dates between 1769 and 1821."""
    wrong = next((date for date in map(str.strip, response.split(",")) if not _in_his_life(date)), None)
    return Outcome(wrong is None, "all dates are possible" if wrong is None else f'"{wrong[:40]}"')


def _in_his_life(date: str) -> bool:
    match = _DATE.fullmatch(date)
    if not match:
        return False
    year, month, day = map(int, match.groups())
    return 1769 <= year <= 1821 and month <= 12 and day <= _DAYS[month]


def _rows(text: str, delimiter: str = ",") -> list[list[str]]:
    """The rows of a table. Empty if it can't be read; upstream crashes then."""
    try:
        return list(csv.reader(io.StringIO(text), delimiter=delimiter))
    except csv.Error:
        return []


def _headed(response: str, columns: tuple[str, ...], gap: str) -> bool:
    """Whether the first line names the columns, quoted or not, separated by the regex `gap`."""
    line = gap.join(f'(?:{name}|"{name}")' for name in columns)
    return re.fullmatch(line, response.split("\n", 1)[0].strip()) is not None


def _tripled(text: str) -> str:
    """So that a quoted field keeps its quotation marks when it is read."""
    return text.replace('"', '"""')


def _five(rows: list[list[str]]) -> bool:
    return all(len(row) == 5 for row in rows)


def _special(field: str) -> bool:
    """A special character between double quotes on the first line, if the field begins with one."""
    line = field.split("\n", 1)[0]
    return line.startswith('"') and _SPECIAL.search(line, 1, max(1, line.rfind('"'))) is not None


@kind(
    "custom:csv_city",
    wordings={"en": ("Make up 7 rows of comma-separated data with the columns ID,Country,City,Year,Count.",)},
    draw=no_kwargs,
    examples=(
        Example(True, ",".join(CITY) + "\n1,Chad,Sarh,2020,3" * 7, {}),
        Example(False, ",".join(CITY) + "\n1,Chad,Sarh,2020,3" * 6, {}),
    ),
)
def csv_city(response: str) -> Outcome:
    """A blank line counts as a row."""
    rows = _rows(response)
    if len(rows) != 8:
        return exactly(len(rows), 8, "rows with the header")
    if tuple(rows[0]) != CITY:
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
        Example(True, ",".join(PRODUCT) + '\n1,"A&B",C,2,3' + "\n2,A,C,2,3" * 13, {}),
        Example(False, ",".join(PRODUCT) + "\n1,A&B,C,2,3" + "\n2,A,C,2,3" * 13, {}),
    ),
)
def csv_special_character(response: str) -> Outcome:
    """Rows after the one with the special character need not have five fields."""
    if not _headed(response, PRODUCT, r",[ \t]*"):
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
        Example(True, "\n".join(["\t".join(f'"{name}"' for name in STUDENT)] * 4), {}),
        Example(False, "\n".join(["\t".join(STUDENT)] * 4), {}),
    ),
)
def csv_quotes(response: str) -> Outcome:
    """An empty field, on which upstream crashes, counts as unquoted."""
    if not _headed(response, STUDENT, "\t *"):
        return Outcome(False, "no header with the five columns")
    rows = _rows(_tripled(response), "\t")
    if len(rows) != 4:
        return exactly(len(rows), 4, "rows with the header")
    if not _five(rows):
        return Outcome(False, "not 5 fields in every row")
    wrong = [field for row in rows for field in map(str.strip, row) if not (field[:1] == field[-1:] == '"')]
    return Outcome(not wrong, f'"{wrong[0]}" is not quoted' if wrong else "every field is quoted")
