from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from raif.config.eval import EvalConfig
from raif.errors import ConfigError, MissingDependency, RaifError, RecordError
from raif.eval import responders
from raif.eval.answers import Answer, Ask
from raif.eval.responders import responder
from raif.types import Message
from tests.chat_server import chat_server

ASKS = [Ask(str(n), (Message(role="user", content=f"prompt {n}"),)) for n in range(5)]


def stored(tmp_path: Path, *lines: dict[str, Any]) -> dict[str, str]:
    path = tmp_path / "answers.jsonl"
    path.write_text("".join(json.dumps(line) + "\n" for line in lines), "utf-8")
    source = responder(EvalConfig(responses=path))
    return {ask.id: answer.response for ask, answer in source.respond(ASKS)}


@pytest.mark.parametrize(
    "line",
    [
        {"key": 1},
        {"key": 1.0},
        {"id": "1"},
        {"prompt": "prompt 1"},
        {"prompt": "\nprompt 1 "},
        {"key": 77, "prompt": "prompt 1"},
    ],
)
def test_stored_answers_are_joined_by_key_id_or_prompt(line: dict[str, Any], tmp_path: Path) -> None:
    assert stored(tmp_path, {**line, "response": "yes"}) == {"1": "yes"}


def test_an_id_goes_before_a_prompt(tmp_path: Path) -> None:
    lines = (
        {"key": 1, "prompt": "an older text", "response": "right"},
        {"prompt": "prompt 1", "response": "wrong"},
    )
    assert stored(tmp_path, *lines) == {"1": "right"}


def test_an_id_with_the_prompt_of_another_item_is_an_error(tmp_path: Path) -> None:
    """As if the file were numbered from 1."""
    lines = [{"id": n + 1, "prompt": f"prompt {n} ", "response": "yes"} for n in range(5)]
    with pytest.raises(RecordError, match=r"with the id '1' is to the prompt of item '0'"):
        stored(tmp_path, *lines)


def test_stored_answers_to_other_prompts_are_left_out(tmp_path: Path) -> None:
    assert stored(tmp_path, {"key": 99, "response": "yes"}) == {}


def test_a_bad_line_is_named(tmp_path: Path) -> None:
    with pytest.raises(RaifError, match=r"answers\.jsonl:2: response"):
        stored(tmp_path, {"key": 1, "response": "yes"}, {"key": 2})


def test_a_missing_file_is_a_config_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no such file"):
        responder(EvalConfig(responses=tmp_path / "none.jsonl"))


def test_other_contents_are_another_setting(tmp_path: Path) -> None:
    path = tmp_path / "answers.jsonl"
    path.write_text("a", "utf-8")
    before = responder(EvalConfig(responses=path)).settings
    path.write_text("b", "utf-8")
    assert responder(EvalConfig(responses=path)).settings != before


@pytest.mark.parametrize("keys", [{}, {"responses": "x", "endpoint": {"base_url": "http://x/v1"}}])
def test_answers_have_exactly_one_source(keys: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"give a model|responses excludes"):
        EvalConfig.model_validate(keys)


def test_a_server_is_asked_with_the_items_messages() -> None:
    with chat_server() as server:
        source = responder(
            EvalConfig.model_validate({"model": "m", "endpoint": {"base_url": server.base_url}})
        )
        found = dict(source.respond(ASKS))
    assert found[ASKS[3]] == Answer("echo prompt 3")


@dataclass
class Generation:
    text: str
    truncated: bool
    read: int
    written: int
    limit: int


class ScriptedModel:
    """Stands for a checkpoint; notes each batch and refuses any unexpected argument."""

    batches: list[list[str]]

    def __init__(self, path: str, *, dtype: str, device: str) -> None:
        assert (path, dtype, device) == ("folder", "float32", "cpu")
        ScriptedModel.batches = []

    def chat(
        self,
        messages_batch: Sequence[Sequence[Message]],
        *,
        max_new_tokens: Sequence[int],
        temperature: float,
        seeds: Sequence[int],
        drawing: Mapping[str, float],
        stop: Sequence[str],
        variables: Mapping[str, Any],
        ended: Callable[[int], None],
    ) -> list[Generation]:
        assert (set(max_new_tokens), temperature) == ({9}, 0.0)
        assert (dict(drawing), list(stop), dict(variables)) == ({}, [], {})
        prompts = [messages[-1].content for messages in messages_batch]
        assert len(set(seeds)) == len(max_new_tokens) == len(prompts)
        self.batches.append(prompts)
        return [Generation(f"to {prompt}", prompt == "prompt 4", 3, 5, 9) for prompt in prompts]


@pytest.mark.parametrize(
    "keys",
    [
        {"local": {"backend": "vllm", "arguments": ["--enforce-eager"]}},
        {"endpoint": {"base_url": "http://x/v1"}, "context": {"size": 9}, "method": "self-refine"},
    ],
)
def test_settings_come_back_from_a_file_as_they_are(keys: dict[str, Any]) -> None:
    """Else a resumed run would ask for all answers again."""
    found = dict(responder(EvalConfig.model_validate({"model": "m", **keys})).settings)
    assert json.loads(json.dumps(found)) == found


def test_a_checkpoint_answers_batch_by_batch(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(responders, "_local_model", lambda: ScriptedModel)
    keys = {
        "model": "folder",
        "think": "tagged",
        "sampling": {"max_tokens": 9},
        "local": {"batch": 2, "compute": "float32", "device": "cpu"},
    }
    found = dict(responder(EvalConfig.model_validate(keys)).respond(ASKS))
    assert [len(batch) for batch in ScriptedModel.batches] == [2, 2, 1]
    assert found[ASKS[4]] == Answer("to prompt 4", truncated=True)
    assert found[ASKS[0]] == Answer("to prompt 0")
    used = found[ASKS[0]].used
    assert used
    assert (used.replies, used.read, used.written) == (1, 3, 5)


def test_a_checkpoint_without_torch_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in sys.modules if name.startswith("raif.train")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(MissingDependency) as caught:
        list(responder(EvalConfig(model="folder")).respond(ASKS))
    assert "pip install 'raif[train]'" in str(caught.value)
