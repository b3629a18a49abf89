"""`raif gen-data` from the outside."""

import json
import re

import pytest
import typer
from typer.testing import CliRunner

from raif.client.paid import BudgetSpent
from raif.errors import ConfigError, RecordError
from raif_cli.gen_data import gen_data
from tests.chat_server import chat_server, completion, last_turn
from tests.teacher import purpose, teacher

app = typer.Typer()
app.command()(gen_data)


def run(*args):
    return CliRunner().invoke(app, [str(arg) for arg in args])


def test_it_writes_the_folder_and_says_where(tmp_path):
    result = run("--preset", "builtin", "--set", "count=12", "--out", tmp_path / "data")
    assert result.exit_code == 0
    assert sorted(path.name for path in (tmp_path / "data").iterdir()) == [
        ".lock",
        "card.html",
        "card.json",
        "card.md",
        "config.yaml",
        "heldout.jsonl",
        "train.jsonl",
    ]
    assert "impossible" in result.stdout
    assert "train.jsonl" in result.stdout


def test_a_dry_run_prints_the_config_and_writes_nothing(tmp_path):
    result = run("--set", "count=12", "--out", tmp_path / "data", "--dry-run")
    assert "count: 12" in result.stdout
    assert not (tmp_path / "data").exists()


def test_a_used_folder_needs_overwrite(tmp_path):
    args = ("--set", "count=2", "--out", tmp_path / "data")
    assert run(*args).exit_code == 0
    assert isinstance(run(*args).exception, ConfigError)
    assert run(*args, "--overwrite").exit_code == 0


@pytest.mark.parametrize("override", ["kinds=[nothing:such]", "count=0", "cuont=3"])
def test_a_bad_config_is_the_users_error(override, tmp_path):
    result = run("--set", override, "--out", tmp_path / "data")
    assert isinstance(result.exception, ConfigError)
    assert not (tmp_path / "data").exists()


SEEDS = ["Write a story about a lighthouse.", "How do I bake bread at home?", "请写一封给经理的邮件。"]


def test_the_log_says_how_a_file_is_read(tmp_path):
    source = tmp_path / "seeds[1].csv"
    source.write_text("id;question\n1;Why do bees hum at night?\n")
    select = f"select.sources=[{{path: {json.dumps(str(source))}}}]"
    result = run("--stages", "select", "--set", select, "--out", tmp_path / "run")
    assert result.exit_code == 0
    assert f"{source}:2: read by its layout: question" in result.stderr


def test_a_file_without_requests_is_the_users_error(tmp_path):
    source = tmp_path / "seeds.jsonl"
    source.write_text('{"text": "Once there was a lighthouse."}\n')
    select = f"select.sources=[{{path: {source}}}]"
    for more in (
        (),
        ("--dry-run", "--set", "teacher={model: m, endpoint: {base_url: http://127.0.0.1:9/v1}}"),
    ):
        result = run("--stages", "select,evolve", "--set", select, "--out", tmp_path / "run", *more)
        assert isinstance(result.exception, RecordError)
        assert "columns: text" in result.exception.message


def staged(tmp_path, *more):
    pytest.importorskip("rensa", reason="needs raif[data]")
    (tmp_path / "seeds.jsonl").write_text("".join(json.dumps({"prompt": p}) + "\n" for p in SEEDS), "utf-8")
    source = f"select.sources=[{{path: {tmp_path / 'seeds.jsonl'}}}]"
    return run("--stages", "select,pack", "--set", source, "--out", tmp_path / "run", *more)


def test_stages_write_a_file_each_and_show_their_funnel(tmp_path):
    result = staged(tmp_path)
    assert result.exit_code == 0
    assert {"select.jsonl", "train.jsonl", "card.md"} <= {path.name for path in (tmp_path / "run").iterdir()}
    assert "select: kept" in result.stdout


def test_a_staged_run_is_resumed_only_on_request(tmp_path):
    staged(tmp_path)
    assert isinstance(staged(tmp_path).exception, ConfigError)
    assert staged(tmp_path, "--resume").exit_code == 0


def taught(tmp_path, server, *more):
    model = (
        f"teacher={{model: m, endpoint: {{base_url: {server.base_url}}}, prices: {{read: 2, written: 4}}}}"
    )
    kinds = "evolve.kinds=[punctuation:no_comma, detectable_format:title, keywords:existence]"
    stages, ways = "select,evolve,respond,check,pack", "evolve.compositions={and: 1}"
    return staged(tmp_path, "--stages", stages, "--set", model, "--set", kinds, "--set", ways, *more)


def test_what_was_spent_is_shown(tmp_path):
    with chat_server(teacher) as server:
        result = taught(tmp_path, server)
    assert result.exit_code == 0
    assert f"Spent in total: {len(server.requests)} calls" in result.stdout


def test_a_dry_run_says_the_most_that_models_can_cost(tmp_path):
    with chat_server(teacher) as server:
        result = taught(tmp_path, server, "--dry-run")
    assert server.requests == []
    # for each of 6 records: words and a fusion, each twice; for both 5 checks to ask about; is it possible?
    assert f"evolve, m: up to {6 * (2 * 2 + 2 * 5 + 1)} calls" in result.stderr


def test_a_limit_ends_the_run_and_a_higher_one_resumes_it(tmp_path):
    with chat_server(teacher) as server:
        result = taught(tmp_path, server, "--max-cost", "0.004")
        assert isinstance(result.exception, BudgetSpent)
        asked = len(server.requests)
        assert taught(tmp_path, server, "--max-cost", "9", "--resume").exit_code == 0
        assert len(server.requests) == len({json.dumps(body) for body in server.requests}) > asked


def test_a_dry_run_says_what_all_models_cost_together(tmp_path):
    with chat_server(teacher) as server:
        result = taught(tmp_path, server, "--dry-run")
    calls = [int(found.replace(",", "")) for found in re.findall(r"up to ([\d,]+) calls", result.stderr)]
    assert "together: up to" in result.stderr
    assert calls[-1] == sum(calls[:-1])


def test_no_record_is_exit_code_1_with_the_largest_loss(tmp_path):
    def silent(body):
        return completion("", reasoning_content="Hm.") if purpose(body) == "answer" else teacher(body)

    with chat_server(silent) as server:
        result = taught(tmp_path, server)
    assert result.exit_code == 1
    assert "no record was kept" in result.stderr
    assert "The largest loss: respond dropped 3 of 3: no answer: empty" in result.stderr
    assert "respond.dropped.jsonl" in result.stderr


def test_what_failed_is_said_and_asked_again_on_request(tmp_path):
    def broken(body):
        fails = purpose(body) == "answer" and "bread" in last_turn(body)
        return (500, {"error": "worker died"}) if fails else teacher(body)

    more = ["--set", "teacher.endpoint.retries=0"]
    with chat_server(broken) as server:
        result = taught(tmp_path, server, *more)
        assert result.exit_code == 0
        assert "Failed for good or empty: 1 in respond. --retry-failed asks again." in result.stderr
        server.script = teacher
        again = taught(tmp_path, server, *more, "--retry-failed")
    assert again.exit_code == 0
    assert "respond: 1 had failed or got an empty reply" in again.stderr
    assert "Failed" not in again.stderr


def test_what_a_request_without_a_reply_may_cost_is_said(tmp_path):
    def garbled(body):
        asked.append(body)
        return (200, '{"choices": [') if len(asked) == 1 else teacher(body)

    asked = []
    with chat_server(garbled) as server:
        result = taught(tmp_path, server)
    assert "Sent without a reply, which may cost up to: 1 calls" in result.stdout


def test_a_resumed_run_says_which_keys_changed(tmp_path):
    with chat_server(teacher) as server:
        taught(tmp_path, server)
        result = taught(tmp_path, server, "--set", "check.qualities=[unsafe]", "--resume")
    assert result.exit_code == 0
    assert "resumed with check.qualities: " in result.stderr
    assert "check, pack: done again, from the replies that are kept" in result.stderr


def test_show_prints_what_the_judge_said_of_the_quality(tmp_path):
    with chat_server(teacher) as server:
        taught(tmp_path, server)
    assert "hallucination: " in run("--show", "1", tmp_path / "run").stdout


def test_an_unknown_stage_is_the_users_error(tmp_path):
    result = run("--stages", "selekt", "--out", tmp_path / "run")
    assert isinstance(result.exception, ConfigError)
    assert "stages" in str(result.exception)


def test_show_prints_records_as_a_person_reads_them(tmp_path):
    run("--set", "count=12", "--out", tmp_path / "data")
    first = json.loads((tmp_path / "data" / "train.jsonl").read_text("utf-8").splitlines()[0])
    shown = run("--show", "1", tmp_path / "data").stdout
    assert first["id"] in shown
    assert all(item["id"] in shown for item in first["constraints"])
    assert first["expert"]["answer"].split()[0] in shown
    assert shown.count("thinking") == 1


def test_show_takes_what_the_last_stage_wrote(tmp_path):
    source = tmp_path / "select.jsonl"
    source.write_text('{"id": "a [b]", "messages": [{"role": "user", "content": "[i]Hi[/i]"}]}\n', "utf-8")
    assert "[i]Hi[/i]" in run("--show", "3", tmp_path).stdout


def test_show_of_a_folder_without_records_is_the_users_error(tmp_path):
    assert "no records" in str(run("--show", "3", tmp_path).exception)
