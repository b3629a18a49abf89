"""Each key can change in a resumed run or not; in the pipeline of `raif gen-data`, it decides stages."""

from __future__ import annotations

from typing import get_args

import pytest
from pydantic import BaseModel

from raif.config.eval import EvalConfig
from raif.config.resume import DECIDE, EVAL_FIXED, EVAL_FREE, FIXED, FREE, STAGED_FIXED, STAGED_FREE
from raif.config.staged import StagedConfig, StageName
from raif.config.train import TrainConfig
from raif.files.runs import under


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


STAGED = keys(StagedConfig)
DECISIVE = {key for listed in DECIDE.values() for key in listed}
INPUTS = {key for key in DECISIVE if " of " in key}


@pytest.mark.parametrize("key", STAGED)
def test_of_every_key_of_the_pipeline_it_is_known_what_it_decides(key: str) -> None:
    said = {
        "nothing": under(key, STAGED_FREE),
        "everything": under(key, STAGED_FIXED),
        "stages": under(key, DECISIVE) and not under(key, STAGED_FREE),
        "the order": key == "stages",
    }
    assert sum(said.values()) == 1, "list it in raif/config/resume.py"


@pytest.mark.parametrize("listed", sorted({*STAGED_FREE, *STAGED_FIXED, *DECISIVE} - INPUTS))
def test_every_listed_key_of_the_pipeline_exists(listed: str) -> None:
    assert under(listed, STAGED)


def test_each_stage_has_its_keys() -> None:
    assert set(DECIDE) == set(get_args(StageName))


EVAL = keys(EvalConfig)


@pytest.mark.parametrize("key", EVAL)
def test_every_key_of_an_evaluation_is_decided_once(key: str) -> None:
    deciding = [each for each in (*EVAL_FREE, *EVAL_FIXED) if key == each or key.startswith(f"{each}.")]
    assert len(deciding) == 1, "list it in raif/config/resume.py"


@pytest.mark.parametrize("listed", [*EVAL_FREE, *EVAL_FIXED])
def test_every_listed_key_of_an_evaluation_exists(listed: str) -> None:
    assert any(key == listed or key.startswith(f"{listed}.") for key in EVAL)
