"""What the server charges stays below the limit: when replies are garbled, and when the run is killed."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from contextlib import closing

import pytest
import yaml

from raif.client.paid import Budget, BudgetSpent
from raif.config.staged import StagedConfig
from raif.data.staged import run
from raif.data.staged.stage import ledger
from tests.chat_server import chat_server
from tests.data.staged.faults import FAULTS, READ, WRITTEN, FaultyTeacher
from tests.teacher import purpose

RAIF = [sys.executable, "-c", "from raif_cli.main import run; run()", "gen-data"]
WORDS = ("ships", "lights", "keepers", "storms", "ropes", "gulls", "cranes", "anchors")


@pytest.fixture
def written(write, tmp_path):
    """Writes the pipeline's config for a server: every reply may have 200 tokens, and has 20."""
    source = write("seeds.jsonl", [{"prompt": f"Tell me about the {word} of a harbour."} for word in WORDS])

    def of(server, **changed):
        model = {
            "model": "m",
            "endpoint": {"base_url": server.base_url, "concurrency": 3, "retries": 1},
            "prices": {"read": READ, "written": WRITTEN},
        }
        short = {"sampling": {"max_tokens": 200}}
        tree = {
            "mode": "staged",
            "stages": ["select", "evolve", "respond", "check", "pack"],
            "tagger": model,
            "teacher": model,
            "select": {"sources": [{"path": str(source)}], "near_duplicate": 1.0, "max_tokens": 200},
            "evolve": {
                "kinds": ["punctuation:no_comma", "detectable_format:title"],
                "max_checks": 3,
                **short,
            },
            "respond": short,
            "check": {"max_tokens": 200},
            "max_failed": 1.0,
        }
        path = tmp_path / "config.yaml"
        path.write_text(yaml.safe_dump(tree | changed), "utf-8")
        return path

    return of


def spent(folder):
    with closing(ledger(folder)) as paid:
        return paid.spent(), paid.lost()


@pytest.mark.parametrize("cent", [0, 1, 2, 3])
def test_the_bill_stays_below_the_limit_whatever_is_garbled(written, tmp_path, cent):
    limit = 0.002 + cent / 100
    bad = {("", word): FAULTS["not a chat completion"] for word in ("ropes", "gulls", "cranes")}
    script, budget = FaultyTeacher(bad), Budget(max_cost=limit)
    with chat_server(script) as server:
        config = StagedConfig.model_validate(yaml.safe_load(written(server).read_text()))
        try:
            run(config, tmp_path / "run", budget=budget)
        except BudgetSpent:
            assert cent < 3, "the last limit should do"
    replies, lost = spent(tmp_path / "run")
    assert budget.spent == pytest.approx(replies)  # costs are added in another order
    assert budget.lost == pytest.approx(lost)
    assert 0 < script.bill <= replies.cost + lost.cost <= limit


def test_killed_again_and_again_the_bill_stays_below_the_limit_and_nothing_is_asked_twice(written, tmp_path):
    """Each kill loses up to three requests that the server charges for: only they may be asked again."""
    limit, script, folder = 0.02, FaultyTeacher(), tmp_path / "run"
    with chat_server(script) as server:
        command = [*RAIF, "--config", str(written(server)), "--out", str(folder), "--max-cost", str(limit)]
        for what in ("tags", "fuse", "answer", "quality"):
            if not kill_while_it_waits(command, script, what):
                break
            command += ["--resume"] if "--resume" not in command else []
        script.hold = lambda body: False
        subprocess.run(command, check=False, capture_output=True)
    replies, lost = spent(folder)
    assert lost.calls <= 3 * 4
    assert script.answered.total() - len(script.answered) <= lost.calls
    assert 0 < script.bill <= replies.cost + lost.cost <= limit


def kill_while_it_waits(command, script, what):
    """Kill -9 once the server holds back a request of a purpose. False if the budget was spent before."""
    script.holding.clear()
    script.released.clear()
    script.hold = lambda body: purpose(body) == what
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    while process.poll() is None and not script.holding.wait(0.05):
        pass
    time.sleep(0.3)
    alive = process.poll() is None
    if alive:
        process.send_signal(signal.SIGKILL)
        process.wait()
    script.released.set()
    return alive
