"""A model in this process draws its answers as requested, and never beyond its context."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from raif.config.judge import JudgeConfig
from raif.errors import ConfigError
from raif.models.local import Generation, LocalModel
from raif.types import Message

ASKED = [[Message(role="user", content="Describe tea. " * n)] for n in (1, 3)]


@pytest.fixture(scope="module")
def model(tiny_folder: Path) -> LocalModel:
    return LocalModel(str(tiny_folder), dtype="float32", device="cpu")


def texts(model: LocalModel, **how: Any) -> list[str]:
    how = {"max_new_tokens": 12, "temperature": 1.5, "seeds": [3, 4], **how}
    return [one.text for one in model.chat(ASKED, **how)]


def test_filters_decide_which_tokens_are_drawn(model: LocalModel) -> None:
    greedy = texts(model, temperature=0)
    free = texts(model)
    assert free != greedy
    assert texts(model, drawing={"top_k": 1}) == greedy
    assert texts(model, drawing={"top_p": 1e-6}) == greedy
    assert texts(model, drawing={"min_p": 1.0}) == greedy
    assert texts(model, drawing={"top_p": 1.0, "top_k": -1}) == free


def test_a_penalty_counts_what_the_response_has(model: LocalModel) -> None:
    (text, _) = texts(model, temperature=0, drawing={"repetition_penalty": 50.0})
    assert text != texts(model, temperature=0)[0]


def test_other_prompts_in_the_batch_change_nothing(model: LocalModel) -> None:
    how: dict[str, Any] = {
        "max_new_tokens": 12,
        "temperature": 1.5,
        "drawing": {"top_k": 5, "presence_penalty": 1.0},
    }
    alone = [model.chat([ask], seeds=[seed], **how)[0] for ask, seed in zip(ASKED, (3, 4), strict=True)]
    assert model.chat(ASKED, seeds=[3, 4], **how) == alone


def test_a_text_ends_a_response_which_is_not_cut_off_then(model: LocalModel) -> None:
    whole, _ = texts(model)
    middle = whole[4:6]
    (found, _) = model.chat(
        ASKED, max_new_tokens=12, temperature=1.5, seeds=[3, 4], stop=["never there", middle]
    )
    assert (found.text, found.truncated) == (whole[: whole.index(middle)], False)


def test_a_variable_that_the_template_does_not_have_is_named(model: LocalModel) -> None:
    with pytest.raises(ConfigError, match="no variable 'enable_thinking'"):
        texts(model, variables={"enable_thinking": False})


def test_nothing_is_written_beyond_the_context(tiny_folder: Path) -> None:
    model = LocalModel(str(tiny_folder), dtype="float32", device="cpu")
    read = [one.read for one in model.chat(ASKED, max_new_tokens=1)]
    model._model.net.config.max_position_embeddings = read[1]
    first, second = model.chat(ASKED, max_new_tokens=500)
    room = read[1] - read[0]
    assert (first.limit, first.truncated, first.written) == (room, True, room)
    assert second == Generation("", False, read[1], 0, 0)


def test_a_judge_that_reads_one_token_takes_no_filters() -> None:
    with pytest.raises(ValueError, match=r"sampling\.top_p: a judge in this process"):
        JudgeConfig.model_validate({"model": "m", "local": {}, "sampling": {"top_p": 0.5}})
