import pytest

from raif.config.builtin import BuiltinConfig
from raif.data import records
from raif.types import Instruction

CONFIG = BuiltinConfig(count=400, seed=11, languages={"en": 1, "zh": 1})


@pytest.fixture(scope="session")
def made() -> list[Instruction]:
    """400 records of both languages, from training and held-out seeds."""
    return [*records(CONFIG, "train"), *records(CONFIG, "heldout")]
