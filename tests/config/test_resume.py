"""Each key of `raif train` can change in a resumed run, or it can't."""

from __future__ import annotations

from typing import get_args

import pytest
from pydantic import BaseModel

from raif.config.resume import FIXED, FREE
from raif.config.train import TrainConfig


def keys(section: type[BaseModel], above: str = "") -> list[str]:
    """All keys, with those of optional sections."""
    found = []
    for name, field in section.model_fields.items():
        options = [field.annotation, *get_args(field.annotation)]
        inner = [each for each in options if isinstance(each, type) and issubclass(each, BaseModel)]
        for each in inner:
            found += keys(each, f"{above}{name}.")
        found += [] if inner else [f"{above}{name}"]
    return found


KEYS = keys(TrainConfig)


@pytest.mark.parametrize("key", KEYS)
def test_every_key_is_decided_once(key: str) -> None:
    deciding = [each for each in (*FREE, *FIXED) if key == each or key.startswith(f"{each}.")]
    assert len(deciding) == 1, "list it in raif/config/resume.py"


@pytest.mark.parametrize("listed", [*FREE, *FIXED])
def test_every_listed_key_exists(listed: str) -> None:
    assert any(key == listed or key.startswith(f"{listed}.") for key in KEYS)
