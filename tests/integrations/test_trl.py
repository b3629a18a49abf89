"""The reward for TRL's GRPOTrainer, in a real trainer."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from raif.constraints import KINDS
from raif.errors import RecordError
from raif.integrations.trl import constraints_followed
from raif.text.tagger import tagger
from tests.integrations.page import example

NO_COMMA = {"id": "punctuation:no_comma", "kwargs": {}}
TITLE = {"id": "detectable_format:title", "kwargs": {}}
LONG = {"id": "length_constraints:number_words", "kwargs": {"num_words": 1000, "relation": "at least"}}
SHORT = {"id": "length_constraints:number_words", "kwargs": {"num_words": 1000, "relation": "less than"}}


def rewards(completions: list[Any], **columns: Any) -> list[float | None]:
    think = columns.pop("think", "none")
    return constraints_followed(["Hi"] * len(completions), completions, think=think, **columns)


def test_reward_is_the_share_of_each_rows_own_constraints() -> None:
    rows = [[NO_COMMA, TITLE], [NO_COMMA], [TITLE]]
    assert rewards(["a b", "a b", "a b"], constraints=rows) == [0.5, 1, 0]


def test_of_a_conversation_the_last_turn_counts() -> None:
    turns = [{"role": "assistant", "content": "a, b"}, {"role": "assistant", "content": "a b"}]
    call = [{"role": "assistant", "content": None, "tool_calls": []}]
    assert rewards([turns, turns[:1], call], constraints=[[NO_COMMA]] * 3) == [1, 0, 0]


def test_row_without_constraints_has_no_reward() -> None:
    columns = {"constraints": [[NO_COMMA], None], "answer": ["", "42"]}
    assert rewards(["a", "a"], **columns, trainer_state=object()) == [1, None]


def test_ifevals_columns_are_read() -> None:
    columns = {"instruction_id_list": [["punctuation:no_comma"]], "kwargs": [[{"num_words": None}]]}
    assert rewards(["a, b"], **columns) == [0]


def test_thinking_is_split_off() -> None:
    assert rewards(["a, b</think>c"], constraints=[[NO_COMMA]], think="deepseek") == [1]


def test_data_set_without_constraints_is_an_error() -> None:
    with pytest.raises(RecordError, match="no column `constraints`"):
        rewards(["a"], answer=["42"])


def test_unknown_kind_is_an_error_and_never_a_reward() -> None:
    with pytest.raises(RecordError, match="unknown constraint 'nobody'"):
        rewards(["a"], constraints=[[{"id": "nobody"}]])


# A column has one type, and `options` is a list in RLVR-IFeval alone: the two are never in one data set.
@pytest.mark.parametrize("released", [False, True], ids=["instructions", "rlvr"])
def test_every_kinds_kwargs_survive_the_columns_of_a_data_set(released: bool) -> None:
    datasets = pytest.importorskip("datasets", reason="needs raif[integrations]")
    untold = set() if tagger() else {"words:start_verb"}  # without NLTK's tagger
    ids = [id for id in KINDS if id.startswith("rlvr:") == released and id not in untold]
    cases = [(KINDS[id], case) for id in ids for case in KINDS[id].examples]
    made = datasets.Dataset.from_list(
        [{"constraints": [{"id": kind.id, "kwargs": case.kwargs}]} for kind, case in cases]
    )
    columns = {"constraints": made["constraints"], "dialect": ["official"] * len(cases)}
    found = rewards([case.response for _, case in cases], **columns)
    assert found == [float(case.passes) for _, case in cases]


@pytest.mark.slow
@pytest.mark.parametrize("prompt", ["Hi", [{"role": "user", "content": "Hi"}]], ids=["plain", "chat"])
def test_rewards_arrive_in_a_real_training_step(tiny_folder: Path, tmp_path: Path, prompt: Any) -> None:
    trl = pytest.importorskip("trl", reason="needs raif[integrations]")
    datasets = pytest.importorskip("datasets", reason="needs raif[integrations]")
    # On even rows each answer follows one of two constraints, on odd ones all: 0.75 on average.
    rows = [{"prompt": prompt, "constraints": [[SHORT, LONG], [SHORT]][n % 2]} for n in range(4)]
    settings = trl.GRPOConfig(
        output_dir=str(tmp_path),
        max_steps=1,
        per_device_train_batch_size=8,
        num_generations=2,
        max_completion_length=8,
        logging_steps=1,
        report_to=[],
        use_cpu=True,
        bf16=False,
    )
    names = {"model": str(tiny_folder), "settings": settings, "dataset": datasets.Dataset.from_list(rows)}
    exec(example("TRL", "python"), names)
    trainer: Any = names["trainer"]
    trainer.train()
    assert trainer.state.log_history[0]["rewards/constraints_followed/mean"] == 0.75
