"""A row's system prompt: the teacher answers under it, the judge sees it, and the packed record has it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from raif import records
from raif.config.staged import StagedConfig
from raif.data.staged import run
from raif.reasoning import FORMAT_REQUEST, asked_to_think
from raif.types import Message
from tests.chat_server import chat_server
from tests.data.staged.conftest import Write
from tests.teacher import purpose, teacher

SYSTEM = "You are the keeper of a lighthouse."
KINDS = ["punctuation:no_comma", "detectable_format:title"]


@pytest.mark.parametrize("think", ["none", "tagged"])
def test_from_the_row_to_the_record(think: str, write: Write, tmp_path: Path) -> None:
    row = {"system_prompt": SYSTEM, "question": "Tell me about the ships of a harbour.", "response": "..."}
    with chat_server(teacher) as server:
        model = {"model": "m", "endpoint": {"base_url": server.base_url, "retries": 0}, "think": think}
        tree: dict[str, Any] = {
            "stages": ["select", "evolve", "respond", "check", "pack"],
            "teacher": model,
            "select": {"sources": [{"path": write("seeds.jsonl", [row])}]},
            "evolve": {"kinds": KINDS, "max_checks": 2, "judged": 0},
            "respond": {"need_thinking": False},
            "pack": {"heldout_share": 0},
        }
        run(StagedConfig.model_validate(tree), tmp_path / "run")
        asked = [body for body in server.requests if purpose(body) == "answer"]
        qualities = [body for body in server.requests if purpose(body) == "quality"]
    assert asked
    for body in asked:
        systems = [turn["content"] for turn in body["messages"] if turn["role"] == "system"]
        assert systems == [SYSTEM if think == "none" else f"{SYSTEM}\n{FORMAT_REQUEST}"]
    if think == "none":  # the scripted teacher uses no tags
        assert qualities
        assert all(SYSTEM in body["messages"][-1]["content"] for body in qualities)
        (made,) = records.read(tmp_path / "run" / "train.jsonl")
        assert made.messages[0] == Message(role="system", content=SYSTEM)


def test_the_tags_are_asked_for_at_the_end_of_the_system_prompt() -> None:
    user = Message(role="user", content="Hello.")
    asked = Message(role="system", content=FORMAT_REQUEST)
    assert asked_to_think((user,)) == (asked, user)
    both = Message(role="system", content=f"{SYSTEM}\n{FORMAT_REQUEST}")
    assert asked_to_think((Message(role="system", content=SYSTEM), user)) == (both, user)
