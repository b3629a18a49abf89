from __future__ import annotations

from importlib import import_module
from pathlib import Path
from unittest.mock import Mock

import pytest

from raif.config.eval import EvalConfig
from raif.eval.answers import Answer, Ask, collect
from raif.eval.responders import Shared, responder
from raif.reasoning import Style
from raif.types import Message
from tests import tiny
from tests.serve import thinker

pytestmark = pytest.mark.slow

ASKS = [Ask(str(n), (Message(role="user", content=f"prompt {n}"),)) for n in range(3)]


def answers(folder: Path, batch: int) -> list[Answer]:
    local = {"compute": "float32", "device": "cpu", "batch": batch}
    keys = {"model": str(folder), "sampling": {"max_tokens": 6}, "local": local}
    return [answer for _, answer in responder(EvalConfig.model_validate(keys)).respond(ASKS)]


def test_a_real_checkpoint_answers_the_same_in_any_batch(tiny_folder: Path) -> None:
    assert answers(tiny_folder, 1) == answers(tiny_folder, 3)


def test_a_batch_says_how_many_of_its_responses_have_ended(tiny_folder: Path, tmp_path: Path) -> None:
    local = {"compute": "float32", "device": "cpu", "batch": 2}
    keys = {"model": str(tiny_folder), "sampling": {"max_tokens": 6}, "local": local}
    said = Mock()
    collect(ASKS, responder(EvalConfig.model_validate(keys)), tmp_path / "answers.jsonl", said)
    noted = [(call.args[0], call.kwargs["note"]) for call in said.call_args_list]
    assert (0, "2 of a batch of 2 have ended") in noted
    assert (2, "1 of a batch of 1 have ended") in noted
    assert noted[-1] == (3, "")


def test_the_thinking_that_the_template_opened_is_part_of_the_answer(tmp_path: Path) -> None:
    template = tiny.make(tmp_path) / "chat_template.jinja"
    template.write_text(tiny.TEMPLATE + "{% if add_generation_prompt %}<think>\n{% endif %}")
    assert all(answer.response.startswith("<think>\n") for answer in answers(tmp_path, 2))


def test_a_server_is_started_for_a_checkpoint_and_stopped(tiny_folder: Path) -> None:
    pytest.importorskip("starlette", reason="needs raif[serve]")
    local = {"backend": "transformers", "compute": "float32", "device": "cpu"}
    keys = {"model": str(tiny_folder), "sampling": {"max_tokens": 6}, "local": local}
    found = dict(responder(EvalConfig.model_validate(keys)).respond(ASKS[:1]))
    assert [ask.id for ask in found] == ["0"]


@pytest.mark.parametrize("backend", ["transformers", "process"])
def test_several_evaluations_share_what_is_started(
    tiny_folder: Path, monkeypatch: pytest.MonkeyPatch, backend: str
) -> None:
    pytest.importorskip("starlette", reason="needs raif[serve]")
    started = counted(monkeypatch, "raif.serve.serving", "raif.models.local.LocalModel")
    local = {"backend": backend, "compute": "float32", "device": "cpu"}
    keys = {"model": str(tiny_folder), "local": local}
    with Shared() as shared:
        for tokens in (2, 3):
            config = EvalConfig.model_validate(keys | {"sampling": {"max_tokens": tokens}})
            assert len(list(responder(config, shared).respond(ASKS[:1]))) == 1
    assert sum(count.call_count for count in started) == 1


def counted(monkeypatch: pytest.MonkeyPatch, *names: str) -> list[Mock]:
    """What counts the calls of the real things of these names."""
    counts = []
    for name in names:
        place, _, own = name.rpartition(".")
        counts.append(Mock(wraps=getattr(import_module(place), own)))
        monkeypatch.setattr(name, counts[-1])
    return counts


@pytest.mark.parametrize(
    ("think", "expected"),
    [("tagged", Answer(thinker.ANSWER, thinker.THINKING)), ("none", Answer(thinker.RESPONSE))],
)
def test_a_started_server_splits_what_think_says_and_not_what_the_template_does(
    tmp_path: Path, think: Style, expected: Answer
) -> None:
    pytest.importorskip("starlette", reason="needs raif[serve]")
    local = {"backend": "transformers", "compute": "float32", "device": "cpu"}
    keys = {"model": str(thinker.make(tmp_path)), "think": think, "sampling": {"max_tokens": 50}}
    asks = [Ask("0", (Message(role="user", content=thinker.ASKED),))]
    config = EvalConfig.model_validate(keys | {"local": local})
    assert [answer for _, answer in responder(config).respond(asks)] == [expected]
