"""The whole pipeline against a server: no paid request is repeated, whatever ends the process."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections import Counter
from contextlib import closing

import pytest
import yaml

from raif import records
from raif.client.paid import Budget, BudgetSpent
from raif.config.staged import StagedConfig
from raif.data.staged import run
from raif.data.staged.stage import ledger
from raif.errors import ConfigError
from raif.files import jsonl
from raif.files.runs import LOCK_NAME
from tests.chat_server import chat_server
from tests.teacher import CountingTeacher, LimitedTeacher, purpose, teacher

RAIF = [sys.executable, "-c", "from raif_cli.main import run; run()", "gen-data"]
KINDS = ["punctuation:no_comma", "detectable_format:title", "keywords:existence"]
"""Constraints that the scripted teacher's answer meets."""

KILLS = (("tags", 3), ("keywords", 0), ("fuse", 2), ("answer", 5), ("judge", 2), ("quality", 20))
"""The number of requests of each purpose after which the server stops answering."""

ENGLISH = ("ships", "lights", "keepers", "storms", "ropes", "gulls")
CHINESE = ("船", "灯塔")


@pytest.fixture
def config(tmp_path, write):
    """Writes the pipeline's config for a server to a file."""
    seeds = [{"prompt": f"Tell me about the {word} of a harbour."} for word in ENGLISH]
    seeds += [{"prompt": f"请介绍一下港口里的{word}。"} for word in CHINESE]
    source = write("seeds.jsonl", seeds)

    def of(server, concurrency=3):
        model = {
            "model": "m",
            "endpoint": {"base_url": server.base_url, "concurrency": concurrency},
            "prices": {"read": 1.0, "written": 2.0},
        }
        tree = {
            "mode": "staged",
            "stages": ["select", "evolve", "respond", "check", "pack"],
            "tagger": model,
            "teacher": model,
            "select": {"sources": [{"path": str(source)}], "near_duplicate": 1.0},
            "evolve": {"kinds": KINDS, "max_checks": 3, "compositions": {"and": 2, "selection": 1}},
            "pack": {"heldout_share": 0.2},
        }  # fmt: skip
        path = tmp_path / "config.yaml"
        path.write_text(yaml.safe_dump(tree, allow_unicode=True), "utf-8")
        return path

    return of


def pipeline(path):
    return StagedConfig.model_validate(yaml.safe_load(path.read_text("utf-8")))


def files(folder):
    """What a run wrote, apart from the replies and from the number of its process."""
    return {
        path.name: path.read_bytes()
        for path in folder.iterdir()
        if "sqlite" not in path.name and path.name != LOCK_NAME
    }


def on_disk(folder):
    with closing(ledger(folder)) as paid:
        return paid.spent().calls


def kill_while_it_waits(command, counting, folder, what, after):
    """Kill -9 once the server holds back requests of a purpose, and everything it answered is on disk."""
    counting.hang(what, after)
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    assert counting.hanging.wait(60), process.stderr.read()
    before = None
    while (now := (on_disk(folder), sum(counting.answered.values()))) != before or now[0] < now[1]:
        before = now
        time.sleep(0.5)
    process.send_signal(signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL
    counting.hang_at = None
    counting.released.set()


@pytest.mark.slow
def test_killed_in_each_stage_it_repeats_no_request_and_makes_the_same_bytes(config, tmp_path):
    with chat_server(counting := CountingTeacher()) as server:
        path = config(server)
        run(pipeline(path), tmp_path / "whole")
        once, counting.answered = counting.answered, Counter()
        command = [*RAIF, "--config", str(path), "--out", str(tmp_path / "killed")]
        for what, after in KILLS:
            kill_while_it_waits(command, counting, tmp_path / "killed", what, after)
            command += ["--resume"] if "--resume" not in command else []
        subprocess.run(command, check=True, capture_output=True)
    assert set(counting.answered.values()) == {1}
    assert counting.answered == once
    assert files(tmp_path / "killed") == files(tmp_path / "whole")


def test_the_funnel_goes_from_seeds_to_packed_records(config, tmp_path):
    with chat_server(teacher) as server:
        funnels = run(pipeline(config(server)), tmp_path / "run")
    assert [(each.stage, each.read, each.kept) for each in funnels] == [
        ("select", 8, 8),
        ("evolve", 8, 8),
        ("respond", 8, 8),
        ("check", 8, 8),
        ("pack", 8, 8),
    ]


def test_packed_records_have_experts_and_can_be_read_back(config, tmp_path):
    with chat_server(teacher) as server:
        run(pipeline(config(server)), tmp_path / "run")
    packed = [r for name in ("train", "heldout") for r in records.read(tmp_path / "run" / f"{name}.jsonl")]
    assert {record.language for record in packed} == {"en", "zh"}
    assert all(record.expert and record.expert.thinking == "I count." for record in packed)


def test_the_card_names_models_prompts_seed_and_what_was_spent(config, tmp_path):
    with chat_server(teacher) as server:
        run(pipeline(config(server)), tmp_path / "run")
    card = (tmp_path / "run" / "card.md").read_text("utf-8")
    assert all(
        text in card
        for text in (
            "select: model: m",
            "evolve: model: m",
            "check: prompts zh: version 2",
            "judge prompts zh: version 1",
            "random seed 0",
            "calls, ",
        )
    )


def test_a_limit_stops_the_run_and_a_higher_one_resumes_it(config, tmp_path):
    with chat_server(counting := CountingTeacher()) as server:
        made, folder = pipeline(config(server)), tmp_path / "run"
        budget = Budget(max_tokens=20_000)
        with pytest.raises(BudgetSpent):
            run(made, folder, budget=budget)
        assert 0 < budget.spent.tokens <= 20_000
        run(made, folder, resume=True, budget=Budget(max_tokens=10_000_000))
    assert set(counting.answered.values()) == {1}


@pytest.mark.parametrize("unpriced", ["tagger", "teacher", "judge"])
def test_a_limit_on_cost_needs_the_price_of_each_model_that_is_used(config, tmp_path, unpriced):
    with chat_server(teacher) as server:
        tree = yaml.safe_load(config(server).read_text("utf-8"))
    tree["judge"] = tree["teacher"] | {"model": "j"}
    tree[unpriced] = tree[unpriced] | {"prices": None}
    with pytest.raises(ConfigError, match=f"a cost limit needs the price.*: {unpriced} ") as caught:
        run(StagedConfig.model_validate(tree), tmp_path / "run", budget=Budget(max_cost=20))
    assert f"Set {unpriced}.prices" in caught.value.hint
    assert not (tmp_path / "run").exists()


def test_a_model_that_is_not_used_needs_no_price_and_one_may_be_free(config, tmp_path):
    with chat_server(teacher) as server:
        tree = yaml.safe_load(config(server).read_text("utf-8"))
        tree["judge"] = tree["teacher"] | {"prices": None}
        tree["tagger"] = tree["tagger"] | {"prices": {"read": 0, "written": 0}}
        tree["stages"] = ["select", "respond"]
        budget = Budget(max_cost=20)
        run(StagedConfig.model_validate(tree), tmp_path / "run", budget=budget)
    assert budget.spent.cost > 0


def test_what_was_spent_before_counts_after_a_restart(config, tmp_path):
    with chat_server(teacher) as server:
        made, folder = pipeline(config(server)), tmp_path / "run"
        for _ in range(2):
            with pytest.raises(BudgetSpent):
                run(made, folder, resume="auto", budget=Budget(max_tokens=20_000))
    with closing(ledger(folder)) as paid:
        assert 8_000 < paid.spent().tokens <= 20_000
        assert len(server.requests) == paid.spent().calls


def test_replies_before_a_server_failure_are_kept(config, tmp_path):
    def failing(body):
        return (401, {"error": "no key"}) if purpose(body) == "answer" else counting(body)

    counting = CountingTeacher()
    with chat_server(failing) as server:
        made = pipeline(config(server))
        with pytest.raises(Exception, match="401"):
            run(made, tmp_path / "run")
        server.script = counting
        run(made, tmp_path / "run", resume=True)
    assert set(counting.answered.values()) == {1}


def test_many_at_once_change_no_byte(config, tmp_path):
    with chat_server(teacher) as server:
        for concurrency in (1, 8):
            run(pipeline(config(server, concurrency)), tmp_path / f"run{concurrency}")
    one, eight = (files(tmp_path / f"run{n}") for n in (1, 8))
    assert one.pop("config.yaml") != eight.pop("config.yaml")
    assert one == eight


def test_a_server_that_limits_the_rate_is_waited_for_and_changes_no_byte(config, tmp_path):
    def limited(body):
        status, answer = counting(body) if counting.room() else (429, {"error": {"message": "slow down"}})
        return status, answer, {"Retry-After": "0.005"}

    counting = LimitedTeacher(every=2)
    with chat_server(teacher) as server:
        path = config(server)
        run(pipeline(path), tmp_path / "free")
        server.script = limited
        run(pipeline(path), tmp_path / "limited")
    assert counting.refused > 20
    assert set(counting.answered.values()) == {1}
    assert files(tmp_path / "limited") == files(tmp_path / "free")


def test_the_whole_pipeline_works_offline_on_the_packaged_seeds(tmp_path):
    config = StagedConfig.model_validate(
        {
            "stages": ["select", "evolve", "respond", "check", "pack"],
            "select": {"sources": [{"packaged": True, "limit": 40}]},
        }
    )
    *_, check, pack = run(config, tmp_path / "run")
    assert check.kept > 20
    assert check.notes["qualities"] == "not checked: no judge"
    assert pack.kept == check.kept
    assert not (tmp_path / "run" / "check.dropped.jsonl").read_text("utf-8").count("fails its checks")
    assert list(jsonl.lines(tmp_path / "run" / "train.jsonl"))
