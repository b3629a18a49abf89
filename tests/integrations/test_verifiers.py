"""The rewards for the `verifiers` library, in its own Rubric and Task."""

from __future__ import annotations

import asyncio
import json
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest

from raif.errors import RaifError
from raif.integrations.verifiers import constraints_followed
from tests.chat_server import chat_server, completion
from tests.integrations.page import example

CHECKS = [{"id": "punctuation:no_comma", "kwargs": {}}, {"id": "detectable_format:title", "kwargs": {}}]
EXAMPLE = Path(__file__).parents[2] / "docs" / "verifiers-example"
PLUGGED = {"followed": {"fn": "raif.integrations.verifiers:task_followed", "weight": 2.0}}


class Text:
    """A parser that takes the completion as it is."""

    def parse_answer(self, completion: Any) -> str | None:
        return completion


@pytest.mark.parametrize(("answer", "share"), [("a b", 0.5), ("<<a>>", 1), ("a, b", 0), (None, 0)])
def test_reward_is_the_share_of_constraints_followed(answer: str | None, share: float) -> None:
    assert constraints_followed(answer, {"constraints": CHECKS}, Text()) == share


@pytest.mark.parametrize("info", [{}, {"constraints": []}, {"constraints": [{"id": "nobody"}]}])
def test_what_cannot_be_judged_is_an_error_and_never_a_reward(info: dict[str, Any]) -> None:
    with pytest.raises(RaifError):
        constraints_followed("a", info, Text())


@pytest.mark.slow
def test_rubric_of_an_environment_takes_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    vf = pytest.importorskip("verifiers", reason="needs raif[integrations]")
    if not hasattr(vf, "Rubric"):
        pytest.skip("this verifiers has no Rubric: pip install 'verifiers<0.4'")
    from datasets import Dataset
    from verifiers.types import ClientConfig

    rows = [{"question": "Hi", "answer": "", "info": {"constraints": CHECKS}}]
    names: dict[str, Any] = {}
    exec(example("verifiers", "python"), names)
    rubric = names["rubric"]
    environment = vf.SingleTurnEnv(eval_dataset=Dataset.from_list(rows), rubric=rubric, parser=rubric.parser)
    with chat_server(lambda body: completion("<think>a, b</think>a b")) as server:
        client = ClientConfig(api_base_url=server.base_url)
        found = environment.evaluate_sync(client, model="m")
    assert [output["reward"] for output in found["outputs"]] == [0.5]
    assert found["outputs"][0]["metrics"]["constraints_followed"] == 0.5


@pytest.mark.slow
def test_task_takes_it_by_its_config() -> None:
    vf = pytest.importorskip("verifiers.v1", reason="needs raif[integrations]")
    from verifiers.v1.graph import MessageNode

    task = vf.Task(vf.WireTaskData(prompt="Hi", constraints=CHECKS), vf.TaskConfig(rewards=PLUGGED))
    trace = vf.Trace(
        task=vf.TraceTask(type="Task", data=task.data),
        agent=vf.AgentInfo(config=vf.AgentConfig()),
        nodes=[MessageNode(message=vf.AssistantMessage(content="a b"), sampled=True)],
    )
    asyncio.run(task.score(trace))
    assert trace.rewards["followed"] == vf.Reward(score=0.5, weight=2)


@pytest.mark.slow
def test_task_set_of_the_example_makes_tasks_of_records(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    vf = pytest.importorskip("verifiers.v1", reason="needs raif[integrations]")
    if version("verifiers") < "0.4":
        pytest.skip("the example is for verifiers 0.4: docs/integrations.md")
    from verifiers.v1.graph import MessageNode
    from verifiers.v1.utils.loaders import taskset_class

    monkeypatch.syspath_prepend(EXAMPLE)
    turns = [{"role": "user", "content": "Describe tea."}]
    path = tmp_path / "rows.jsonl"
    path.write_text(json.dumps({"id": "tea", "messages": turns, "constraints": CHECKS}) + "\n", "utf-8")
    made = taskset_class("raif-records")
    (task,) = made(made.__orig_bases__[0].__args__[1](path=path))
    assert (task.data.id, task.data.prompt_text) == ("tea", "Describe tea.")
    trace = vf.Trace(
        task=vf.TraceTask(type="Task", data=task.data),
        agent=vf.AgentInfo(config=vf.AgentConfig()),
        nodes=[MessageNode(message=vf.AssistantMessage(content="a b"), sampled=True)],
    )
    asyncio.run(task.score(trace))
    assert trace.rewards["followed"] == vf.Reward(score=0.5, weight=1)
