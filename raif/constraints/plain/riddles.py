"""IFBench's single tasks with a known answer."""

from __future__ import annotations

import datetime
import re
import unicodedata
from itertools import pairwise
from string import ascii_lowercase

from raif.constraints.ifbench.ratio import STOPWORDS
from raif.constraints.kind import Outcome, exactly
from raif.constraints.plain.common import listed, meaning, said
from raif.text import reader

CAPITALS = listed("""
    Reykjavik Helsinki Oslo Tallinn Stockholm Riga Moscow Copenhagen Vilnius Minsk Dublin Berlin
    Amsterdam Warsaw London Brussels Kyiv Prague Luxembourg Paris Vienna Bratislava Budapest Vaduz
    Chisinau Bern Ljubljana Zagreb
    """)
_CAPITAL_SPELLINGS = {"Kiev": "Kyiv", "Luxembourg City": "Luxembourg", "Berne": "Bern"}
AFRICA = listed(
    """
    Zimbabwe|Zambia|Uganda|Tunisia|Togo|Tanzania|Sudan|South Sudan|South Africa|Somalia|
    Sierra Leone|Seychelles|Senegal|Sao Tome and Principe|Rwanda|Nigeria|Niger|Namibia|Mozambique|
    Morocco|Mauritius|Mauritania|Mali|Malawi|Madagascar|Libya|Liberia|Lesotho|Kenya|Ivory Coast|
    Guinea-Bissau|Guinea|Ghana|Gambia|Gabon|Ethiopia|Eswatini|Eritrea|Equatorial Guinea|Egypt|
    Djibouti|Democratic Republic of the Congo|Congo|Comoros|Chad|Central African Republic|
    Cape Verde|Cameroon|Burundi|Burkina Faso|Botswana|Benin|Angola|Algeria
    """,
    "|",
)
_AFRICAN_SPELLINGS = {
    "cabo verde": "cape verde",
    "cote d'ivoire": "ivory coast",
    "swaziland": "eswatini",
    "the gambia": "gambia",
    "gambia, the": "gambia",
    "republic of the congo": "congo",
    "congo, republic of the": "congo",
    "congo-brazzaville": "congo",
    "congo (brazzaville)": "congo",
    "dr congo": "democratic republic of the congo",
    "congo, democratic republic of the": "democratic republic of the congo",
    "democratic republic of congo": "democratic republic of the congo",
    "congo-kinshasa": "democratic republic of the congo",
    "congo (kinshasa)": "democratic republic of the congo",
    "sao tome & principe": "sao tome and principe",
}
_DISPUTED = frozenset(("western sahara", "sahrawi arab democratic republic", "somaliland"))
BATTLES = listed("""
    1793-08-29 1793-09-18 1795-10-05 1796-04-12 1796-04-13 1796-04-14 1796-04-21 1796-05-08 1796-05-10
    1796-05-30 1796-08-03 1796-08-05 1796-09-04 1796-09-08 1796-11-12 1796-11-15 1797-01-14 1797-03-16
    1798-06-10 1798-07-02 1798-07-13 1798-07-21 1799-02-08 1799-03-03 1799-03-18 1799-04-16 1799-07-25
    1800-05-14 1800-06-14 1805-10-14 1805-10-16 1805-12-02 1806-10-14 1807-02-07 1807-06-10 1807-06-14
    1808-11-30 1808-12-03 1809-04-20 1809-04-21 1809-04-23 1809-05-21 1809-07-05 1809-07-10 1812-08-16
    1812-09-07 1812-11-15 1812-11-26 1813-05-02 1813-05-20 1813-08-26 1813-10-16 1813-10-30 1814-01-29
    1814-02-01 1814-02-10 1814-02-11 1814-02-12 1814-02-14 1814-02-17 1814-02-18 1814-03-07 1814-03-09
    1814-03-13 1814-03-20 1814-03-26 1815-06-16 1815-06-18
    """)
_MULTIPLES = ["14", "21", "28", "35", "42", "49"]


def _ascii(text: str) -> str:
    return unicodedata.normalize("NFKD", text.replace("’", "'")).encode("ascii", "ignore").decode()


@meaning("custom:multiples", (True, "14, 21, 28, 35, 42 and 49", {}), (False, "Sure: 14 21 28 35 42 49", {}))
def multiples(response: str) -> Outcome:
    """Nothing but the numbers, in any order, with marks or "and" between them."""
    numbers = re.findall(r"\d+", response)
    others = [word for word in reader.words(response) if not word.isdigit() and word != "and"]
    passed = sorted(numbers) == _MULTIPLES and not [w for w in others if not re.fullmatch(r"[\d,]+", w)]
    return Outcome(passed, f"numbers: {' '.join(numbers[:8])}, other words: {others[:3]}")


def _backwards(response: str) -> tuple[list[str], str]:
    found = [re.sub(r"[^\w]", "", word) for word in reader.fold(response).split()]
    return found, " ".join(reversed(found))


@meaning(
    "custom:word_reverse",
    (True, "Eagle bald the.", {}),
    (False, "The bald eagle, not the eagle bald.", {}),
)
def word_reverse(response: str) -> Outcome:
    """Only backwards, and not forwards as well."""
    found, reverse = _backwards(response)
    forwards = "bald eagle" in " ".join(found) or "america is" in " ".join(found)
    passed = "bald eagle" in reverse and not forwards
    return said(passed, "bald eagle when read backwards", "no bald eagle when read backwards")


@meaning(
    "custom:character_reverse",
    (True, ".elgae dlab eht si tI", {}),
    (False, "The answer is elgae dlab.", {}),
)
def character_reverse(response: str) -> Outcome:
    """The whole sentence is backwards: it has no common words that read forwards."""
    text = reader.fold(response)
    forwards = [word for word in reader.words(text) if word in STOPWORDS and len(word) > 1]
    forwards = [word for word in forwards if word[::-1] not in STOPWORDS]
    passed = "elgae dlab" in reader.spaced(text) and not forwards
    return Outcome(passed, f"read forwards: {forwards[:3]}" if forwards else "bald eagle by letters")


@meaning(
    "custom:european_capitals_sort",
    (True, ", ".join(CAPITALS), {}),
    (False, ", ".join(name for name in CAPITALS if name != "Kyiv"), {}),
)
def european_capitals_sort(response: str) -> Outcome:
    """Kyiv, which upstream's list lacks, is one of them. Usual spellings are accepted."""
    found = [_ascii(name).strip().rstrip(".") for name in response.split(",")]
    found = [_CAPITAL_SPELLINGS.get(name, name) for name in found if name]
    if len(found) != len(CAPITALS):
        return exactly(len(found), len(CAPITALS), "capitals")
    wrong = next((f'"{a}" instead of "{b}"' for a, b in zip(found, CAPITALS, strict=True) if a != b), None)
    return Outcome(wrong is None, wrong or "all capitals in order")


@meaning(
    "custom:reverse_newline",
    (True, "\n".join(AFRICA), {}),
    (False, "\n".join(["Zimbabwe", *["Chad"] * 53]), {}),
)
def reverse_newline(response: str) -> Outcome:
    """The 54 countries, each once, by their usual names."""
    lines = [_ascii(line).lower().strip(" -*•.\t0123456789)") for line in response.splitlines()]
    lines = [line for line in lines if line]
    countries = {name.lower() for name in AFRICA}
    names = [_AFRICAN_SPELLINGS.get(line, line) for line in lines]
    missing = countries.difference(names)
    wrong = [name for name in names if name not in countries | _DISPUTED]
    if missing or wrong or len({*names}) != len(names):
        return Outcome(False, f"missing: {sorted(missing)[:3]}, no countries of Africa: {wrong[:3]}")
    clash = next((f'"{b}" after "{a}"' for a, b in pairwise(lines) if a < b), None)
    return Outcome(clash is None, clash or "in reverse order")


@meaning(
    "custom:date_format_list",
    (True, "1796-05-10, 1805-12-02", {}),
    (False, "1800-01-01, 1805-12-02", {}),
)
def date_format_list(response: str) -> Outcome:
    """Dates on which one of his battles began, give or take a day, for sources differ."""
    for date in map(str.strip, response.split(",")):
        if not re.fullmatch(r"\d{4}-\d{2}-\d{2}", date) or not _near_a_battle(date):
            return Outcome(False, f'"{date[:40]}" is no date of a battle')
    return Outcome(True, "all are dates of battles")


def _near_a_battle(date: str) -> bool:
    try:
        day = datetime.date.fromisoformat(date)
    except ValueError:
        return False
    return any(abs((day - datetime.date.fromisoformat(battle)).days) <= 1 for battle in BATTLES)


@meaning(
    "custom:sentence_alphabet",
    (True, " ".join(f"“{letter}b is it.”" for letter in ascii_lowercase.upper()), {}),
    (False, " ".join(f"{letter}b is it." for letter in ascii_lowercase.upper()[:25]), {}),
)
def sentence_alphabet(response: str) -> Outcome:
    """Quotation marks before a sentence's first letter don't count."""
    initials = [reader.first_letter(sentence) for sentence in reader.sentences(response)]
    if len(initials) != 26:
        return exactly(len(initials), 26, "sentences")
    return Outcome("".join(initials) == ascii_lowercase, f"initials {' '.join(initials)}")
