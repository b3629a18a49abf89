"""Multi-IF's CSV (arXiv 2410.15553): up to three turns a row, each with its own checks, all as JSON text.

A row is read as one turn: that of `turn_index`, which upstream's runs write, else the last that there is. Its
checks include those of the turns before.
"""

from __future__ import annotations

from typing import Any

from raif.records.ifeval import named
from raif.records.layout import LAYOUTS, Layout, Row, constraints, given, turns, unpacked

TURNS = (1, 2, 3)
_PARTS = ("prompt", "instruction_id_list", "kwargs")


def fields(row: Row, where: str) -> Row:
    last, there = _turn(row), _there(row)
    prompts = [unpacked(row[f"turn_{turn}_prompt"], f"turn_{turn}_prompt") for turn in there if turn <= last]
    ids, kwargs = (row.get(f"turn_{last}_{part}") for part in _PARTS[1:])
    return named(row) | {
        "messages": _said(row.get("turns")) or turns(prompts),
        "language": row.get("language") or "en",
        "dialect": "official",
        "constraints": constraints(ids, kwargs),
    }


def _there(row: Row) -> list[int]:
    return [turn for turn in TURNS if _has(row.get(f"turn_{turn}_prompt"))]


def _turn(row: Row) -> int:
    """The turn that the row is read as. Raises ValueError if there is no such turn."""
    there, index = _there(row), str(row.get("turn_index") or 0)
    last = (int(index) or there[-1]) if index.isdecimal() else 0
    if last not in there:
        raise ValueError(f"turn_index: there is no turn {index}")
    return last


def _lost(row: Row) -> list[str]:
    """The checks of the turns before, and all of those after."""
    last, parts = _turn(row), _PARTS
    lost = [(turn, part) for turn in _there(row) for part in (parts if turn > last else parts[1:])]
    return [f"turn_{turn}_{part}" for turn, part in lost if turn != last]


def _said(conversation: Any) -> list[Row]:
    """The conversation that a run has kept up to the user's last turn; [] if it has kept none."""
    found = unpacked(conversation, "turns") if _has(conversation) else None
    said = turns(found) if isinstance(found, list) else []
    while said and said[-1]["role"] != "user":
        said.pop()
    return said


def _has(cell: Any) -> bool:
    """Whether something is in a cell. Upstream takes `None` for nothing, too."""
    return cell not in (None, "", "None")


def _given(row: Row) -> Row:
    """`responses` is the column of the answer to the last turn, empty before a run."""
    rest = {name: value for name, value in row.items() if name != "responses"}
    return {"response": row["responses"]} if row.get("responses") else given(rest)


LAYOUTS.add(
    "multi-if",
    Layout(
        about="Multi-IF's CSV",
        columns=("turn_1_prompt", "turn_1_instruction_id_list"),
        more=(
            *(f"turn_{turn}_{part}" for turn in TURNS for part in _PARTS),
            *("key", "language", "turn_index", "turns", "responses"),
        ),
        fields=fields,
        lost=_lost,
        given=_given,
        when=lambda row: _has(row["turn_1_prompt"]),
        sample={
            "turns": "",
            "responses": "",
            "turn_1_prompt": '{"role": "user", "content": "Describe tea without commas."}',
            "turn_1_instruction_id_list": '["punctuation:no_comma"]',
            "turn_1_kwargs": '["{}"]',
            "turn_2_prompt": '{"role": "user", "content": "Now in 300 words."}',
            "turn_2_instruction_id_list": '["punctuation:no_comma", "length_constraints:number_words"]',
            "turn_2_kwargs": '["{}", "{\\"relation\\": \\"at least\\", \\"num_words\\": 300}"]',
            "turn_3_prompt": "",
            "turn_3_instruction_id_list": "",
            "turn_3_kwargs": "",
            "key": "1000:1:en",
            "turn_index": "0",
            "language": "English",
        },
    ),
)
