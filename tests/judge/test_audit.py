from __future__ import annotations

import io
import json
from typing import Any

import pytest

from raif.errors import RecordError
from raif.judge.audit import Audit, Pair, compared, read
from raif.judge.judgment import Judgment

# said, labelled: 20 true and 5 false positives, 10 false and 15 true negatives
TABLE = [(True, True)] * 20 + [(True, False)] * 5 + [(False, True)] * 10 + [(False, False)] * 15


def audited(*outcomes: tuple[bool | None, bool], prompts: int = 1000) -> Audit:
    pairs = [
        Pair(prompt=str(n % prompts), response="r", question="q", label=label)
        for n, (_, label) in enumerate(outcomes)
    ]
    return compared(pairs, [Judgment(said, "") for said, _ in outcomes])


def value(audit: Audit, name: str) -> float | None:
    interval = getattr(audit, name)
    return None if interval is None else interval.value


def test_rates_are_those_of_the_table() -> None:
    found = audited(*TABLE)
    assert value(found, "precision") == pytest.approx(20 / 25)
    assert value(found, "recall") == pytest.approx(20 / 30)
    assert value(found, "agreement") == pytest.approx(35 / 50)
    assert value(found, "kappa") == pytest.approx(0.4)  # the textbook's: (0.7 - 0.5) / (1 - 0.5)


def test_unjudged_pairs_count_only_as_unjudged() -> None:
    found = audited(*TABLE, *[(None, True)] * 50)
    assert value(found, "unjudged") == 0.5
    assert value(found, "agreement") == pytest.approx(35 / 50)


def test_a_rate_without_pairs_is_none() -> None:
    found = audited((False, False), (None, True))
    assert (found.precision, found.recall) == (None, None)
    assert found.kappa is None  # if both always say no, chance agrees as well


def test_intervals_hold_their_value_and_shrink_with_more_pairs() -> None:
    few, many = audited(*TABLE), audited(*TABLE * 9)
    for name in ("precision", "recall", "agreement", "kappa"):
        a, b = getattr(few, name), getattr(many, name)
        assert a.low < a.value < a.high
        assert b.high - b.low < 0.6 * (a.high - a.low)


def test_pairs_of_one_prompt_are_resampled_together() -> None:
    alone, together = audited(*TABLE), audited(*TABLE, prompts=1)
    assert alone.agreement
    assert together.agreement
    assert together.agreement.low < alone.agreement.low  # one prompt tells less than fifty


GOOD: dict[str, Any] = {"prompt": "p", "response": "r", "question": "q", "label": True}


@pytest.mark.parametrize("bad", [{"label": "true"}, {"label": None}, {"question": None}])
def test_an_invalid_pair_is_named(bad: dict[str, Any]) -> None:
    text = json.dumps(GOOD) + "\n" + json.dumps(GOOD | bad)
    with pytest.raises(RecordError, match=f"stream:2: {next(iter(bad))}: "):
        read(io.BytesIO(text.encode()))


def test_an_empty_file_is_refused() -> None:
    with pytest.raises(RecordError, match="no labelled pairs"):
        read(io.BytesIO())
