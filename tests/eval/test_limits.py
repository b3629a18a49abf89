from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from raif.config import load
from raif.config.eval import EvalConfig
from raif.errors import ConfigError
from raif.eval.answers import Ask
from raif.eval.responders import limit, responder
from raif.types import Message
from tests.chat_server import chat_server


def asked(*texts: str) -> tuple[Message, ...]:
    return tuple(Message(role="user", content=text) for text in texts)


def config(**keys: Any) -> EvalConfig:
    return EvalConfig.model_validate({"model": "m", "sampling": {"max_tokens": 16384}, **keys})


@pytest.fixture
def tokenizer(tmp_path: Path) -> Path:
    """A folder with a tokenizer that takes each word for a token, whatever its length."""
    tokenizers = pytest.importorskip("tokenizers", reason="needs raif[train]")
    words = tokenizers.Tokenizer(tokenizers.models.WordLevel({"?": 0}, unk_token="?"))
    words.pre_tokenizer = tokenizers.pre_tokenizers.WhitespaceSplit()
    words.save(str(tmp_path / "tokenizer.json"))
    return tmp_path


def test_without_a_context_all_responses_have_the_same_limit() -> None:
    assert limit(config(sampling={"max_tokens": 7}))(asked("a " * 99_999)) == 7


@pytest.mark.parametrize(
    ("words", "margin", "most"),
    [(0, 1.3, 12503), (1000, 1.3, 11733), (1000, 1.1, 13885), (16384, 1.3, 1), (99999, 1.3, 1)],
)
def test_the_limit_is_what_the_methods_authors_leave(
    tokenizer: Path, words: int, margin: float, most: int
) -> None:
    """max(1, int((16384 - n) // margin - 100)), by hand."""
    context = {"size": 16384, "margin": margin, "tokenizer": tokenizer}
    assert limit(config(context=context))(asked("word " * words)) == most


def test_all_turns_count(tokenizer: Path) -> None:
    found = limit(config(context={"size": 1000, "margin": 1, "tokenizer": tokenizer}))
    assert found(asked("one two", "three")) == 1000 - 3 - 100


def test_no_limit_is_above_that_of_the_sampling(tokenizer: Path) -> None:
    context = {"size": 16384, "tokenizer": tokenizer}
    assert limit(config(context=context, sampling={"max_tokens": 50}))(asked("a")) == 50


def test_a_models_own_tokenizer_counts(tokenizer: Path) -> None:
    keys = {"model": str(tokenizer), "context": {"size": 1000, "margin": 1}}
    assert limit(config(**keys))(asked("incomprehensibilities")) == 1000 - 1 - 100


def test_without_a_tokenizer_the_count_is_estimated() -> None:
    found = limit(config(context={"size": 1000, "margin": 1}))
    assert found(asked("a" * 300)) == found(asked("字" * 100)) == 1000 - 101 - 100


@pytest.mark.parametrize("text", [None, "no JSON"])
def test_what_is_no_tokenizer_is_named(tmp_path: Path, text: str | None) -> None:
    pytest.importorskip("tokenizers", reason="needs raif[train]")
    if text:
        (tmp_path / "tokenizer.json").write_text(text)
    with pytest.raises(ConfigError, match=r"context\.tokenizer: .*tokenizer\.json can't be read"):
        limit(config(context={"size": 9, "tokenizer": tmp_path}))


def test_a_server_is_told_the_limit_of_each_prompt() -> None:
    with chat_server() as server:
        keys = {"endpoint": {"base_url": server.base_url}, "context": {"size": 1000, "margin": 1}}
        asks = [Ask(str(n), asked("a" * 300 * n)) for n in range(3)]
        assert len(list(responder(config(**keys)).respond(asks))) == 3
    assert sorted(body["max_tokens"] for body in server.requests) == [699, 799, 899]


@pytest.mark.parametrize(("benchmark", "margin"), [("ifeval", 1.3), ("cfbench", 1.3), ("fbbench", 1.1)])
def test_presets_leave_what_the_paper_left(benchmark: str, margin: float) -> None:
    found = load(EvalConfig, "eval", preset=benchmark, overrides=["model=m"])
    assert (found.context.size, found.context.margin) == (16384, margin)
    assert limit(found)(()) == int((16384 - 1) // margin - 100)
