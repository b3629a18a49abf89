"""What a run would cost at most, before it asks."""

from __future__ import annotations

from collections import Counter
from contextlib import closing

import pytest

from raif.client.paid import Budget
from raif.config.staged import StagedConfig
from raif.data.staged import run
from raif.data.staged.estimate import estimate
from raif.data.staged.stage import ledger
from raif.errors import ConfigError
from tests.chat_server import chat_server, completion
from tests.teacher import purpose, reply, teacher


def config(write, base_url="http://127.0.0.1:9/v1", **sections):
    rows = [{"prompt": f"Tell me about harbour number {n} and the ships in it."} for n in range(20)]
    tree = {
        "stages": ["select", "evolve", "respond", "check"],
        "teacher": {
            "model": "m",
            "endpoint": {"base_url": base_url, "retries": 0},
            "prices": {"read": 1, "written": 2},
        },
        "select": {"sources": [{"path": write("seeds.jsonl", rows)}], "near_duplicate": 1.0},
        "respond": {"answers": 3, "sampling": {"max_tokens": 100}},
    }
    return StagedConfig.model_validate(tree | sections)


def test_each_asking_stage_is_estimated(write):
    found = {each.stage: each.most for each in estimate(config(write))}
    assert {name: each.calls for name, each in found.items()} == {"evolve": 600, "respond": 60, "check": 1440}
    assert found["respond"].written == 60 * 100
    assert found["respond"].cost == (found["respond"].read + 2 * 6000) / 1e6


def test_a_run_stays_below_its_estimate(write, tmp_path):
    with chat_server(teacher) as server:
        made = config(write, server.base_url)
        budget = Budget()
        run(made, tmp_path / "run", budget=budget)
    most = [each.most for each in estimate(made)]
    assert 0 < budget.spent.calls <= sum(each.calls for each in most)
    assert 0 < budget.spent.tokens <= sum(each.tokens for each in most)


def test_the_sample_size_limits_the_estimate(write):
    made = config(write)
    few = made.model_copy(update={"select": made.select.model_copy(update={"count": 5})})
    assert estimate(few)[0].most.calls == 150


def test_input_records_are_counted(write):
    rows = [{"id": str(n), "messages": [{"role": "user", "content": "Hi."}]} for n in range(7)]
    own = {"stages": ["respond"], "select": {}, "input": write("in.jsonl", rows)}
    assert estimate(config(write, **own))[0].most.calls == 21


def test_input_records_of_another_layout_are_as_long_as_their_prompts(write):
    text = "Tell me about the harbour. " * 40
    ours = [{"messages": [{"role": "user", "content": text}]}]
    ifevals = [{"prompt": text, "instruction_id_list": ["punctuation:no_comma"], "kwargs": [{}]}]
    broken = [{"messages": "Hi."}]
    read = [
        estimate(config(write, stages=["respond"], select={}, input=write("in.jsonl", rows)))[0].most.read
        for rows in (ours, ifevals, ours + broken)
    ]
    assert read[0] == read[1] == read[2] > 3 * len(text) // 4


def test_each_turn_of_a_conversation_is_answered_and_judged(write):
    """Two records of three turns and two of one; an answer may have 100 tokens, and three are bought."""
    first = {"messages": [{"role": "user", "content": "Hi."}]}
    turn = {"prompt": "More.", "constraints": [{"id": "punctuation:no_comma"}]}
    rows = [{"id": str(n), **first, "then": [turn, turn] if n < 2 else []} for n in range(4)]
    own = {"stages": ["respond", "check"], "select": {}, "input": write("in.jsonl", rows)}
    respond, check = (each.most for each in estimate(config(write, **own)))
    assert respond.calls == 3 * (4 + 2 + 2)
    assert respond.written == respond.calls * 100
    alone = config(write, **own | {"input": write("alone.jsonl", [row | {"then": []} for row in rows])})
    short, few = (each.most for each in estimate(alone))
    assert short.calls == 3 * 4
    assert respond.read - 2 * short.read >= 3 * (2 * 100 + 2 * 200) - 100  # the answers before each turn
    qualities = 7 * 2
    assert (check.calls, few.calls) == (qualities * (4 * 3 + 2 + 2), qualities * 4 * 3)


def test_the_policy_is_estimated_too(write):
    policy = {"model": "p", "endpoint": {"base_url": "http://127.0.0.1:9/v1"}}
    found = estimate(config(write, check={"difficulty": {"policy": policy, "samples": 4}}))
    assert [(each.stage, each.model, each.most.calls) for each in found][-2:] == [
        ("difficulty", "p", 80),
        ("difficulty", "m", 20 * 4 * 5 * 2),
    ]


def test_offline_nothing_is_asked(write):
    assert estimate(config(write, teacher=None)) == []


def test_a_data_set_without_a_limit_cannot_be_estimated(write):
    with pytest.raises(ConfigError, match="how many records"):
        estimate(config(write, select={"sources": [{"dataset": "a/b"}]}))


def hesitant(body):
    """Says something unreadable first, and a good reply when it is asked again, so that most is asked."""
    what, messages = purpose(body), body["messages"]
    first = len(messages) == 1
    if what in ("keywords", "requirements", "steps", "fuse") and body["seed"] % 2 == 0:
        return completion("Well.", usage=(9, 2))
    if what in ("judge", "quality", "states", "possible") and first:
        return completion("Well.", usage=(9, 2))
    if not first:
        text = str(messages[0]["content"])
        return completion("No." if "<fault>" in text else "yes", usage=(9, 2))
    if what != "answer":
        return completion(reply(body), usage=(9, 20))
    return completion(f"{reply(body)} {body['seed']}", usage=(9, 20), reasoning_content="I count.")


def test_no_stage_asks_more_than_its_estimate_even_if_every_reply_has_to_be_asked_for_again(write, tmp_path):
    with chat_server(hesitant) as server:
        policy = {"model": "p", "endpoint": {"base_url": server.base_url}}
        made = config(
            write,
            server.base_url,
            evolve={"judged": 1.0, "kinds": ["punctuation:no_comma"]},
            check={"difficulty": {"policy": policy, "samples": 4, "at_most": 1.0}},
        )
        _, _, _, check = run(made, tmp_path / "run", budget=Budget())
    assert check.kept > 10
    most = Counter()
    for each in estimate(made):
        most[{"difficulty": "check"}.get(each.stage, each.stage)] += each.most.calls
    with closing(ledger(tmp_path / "run")) as paid:
        for stage, calls in most.items():
            assert calls / 10 < paid.spent(stage).calls <= calls


def test_a_model_without_prices_is_said_to_cost_an_unknown_sum(write):
    found = estimate(config(write, teacher={"model": "m", "endpoint": {"base_url": "http://127.0.0.1:9/v1"}}))
    assert all(str(each).endswith("tokens, cost unknown: no prices") for each in found)
