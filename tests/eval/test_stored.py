"""Released files: what is wrong with one is said with its path, its record and the field."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import BaseModel

from raif.errors import RecordError
from raif.eval.stored import parsed


class Item(BaseModel):
    id: int


def test_each_record_is_read_as_the_model(tmp_path: Path) -> None:
    path = tmp_path / "data.json"
    path.write_text('[{"id": 1}, {"id": 2}]')
    assert parsed(path, Item) == [Item(id=1), Item(id=2)]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('[{"id": 1}, {"id": "x"}]', r"data\.json: record 1: id: .*integer"),
        ('[{"id": 1}, 2]', r"data\.json: record 1\b"),
        ('{"id": 1}', r"data\.json: not a JSON list"),
        ("[", r"data\.json: not JSON"),
    ],
)
def test_what_is_wrong_is_said_with_where_it_is(text: str, message: str, tmp_path: Path) -> None:
    path = tmp_path / "data.json"
    path.write_text(text)
    with pytest.raises(RecordError, match=message):
        parsed(path, Item)


def test_a_missing_file_is_the_users_error(tmp_path: Path) -> None:
    with pytest.raises(RecordError, match="No such file"):
        parsed(tmp_path / "none.json", Item)
