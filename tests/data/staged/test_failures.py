"""Requests that fail for good are set aside with their reason, the others finish, and too many end it."""

from __future__ import annotations

import json

import pytest

from raif.client.paid import Budget
from raif.config.staged import StagedConfig
from raif.data.staged import run
from raif.data.staged.tolerance import TooManyFailed
from raif.errors import EndpointError, RecordError
from tests.chat_server import chat_server, completion, last_turn
from tests.data.staged.faults import FAULTS, READ, WRITTEN, FaultyTeacher
from tests.teacher import purpose, teacher

WORDS = ("ships", "lights", "keepers", "storms", "ropes", "gulls", "cranes", "anchors")
STAGES = ["select", "evolve", "respond", "check", "pack"]


@pytest.fixture
def made(write):
    """The pipeline's config for a server."""

    def of(server, words=WORDS, **changed):
        rows = [{"prompt": f"Tell me about the {word} of a harbour."} for word in words]
        model = {
            "model": "m",
            "endpoint": {"base_url": server.base_url, "concurrency": 4, "retries": 0},
            "prices": {"read": READ, "written": WRITTEN},
        }
        kinds = ["punctuation:no_comma", "detectable_format:title", "keywords:existence"]
        tree = {
            "stages": STAGES,
            "tagger": model,
            "teacher": model,
            "select": {"sources": [{"path": write("seeds.jsonl", rows)}], "near_duplicate": 1.0},
            "evolve": {"kinds": kinds, "max_checks": 3, "compositions": {"and": 2, "selection": 1}},
            "pack": {"heldout_share": 0.2},
        }
        return StagedConfig.model_validate(tree | changed)

    return of


def dropped(folder, stage):
    lines = (folder / f"{stage}.dropped.jsonl").read_text("utf-8").splitlines()
    return [json.loads(line) for line in lines]


@pytest.mark.parametrize(("purpose", "stage"), [("tags", 0), ("fuse", 1), ("answer", 2), ("quality", 3)])
def test_bad_replies_set_their_prompts_aside_in_each_stage_and_the_others_finish(
    made, tmp_path, purpose, stage
):
    reasons = [reason for reason in FAULTS if (purpose, reason) != ("tags", "HTTP 400")]  # tagged as `other`
    bad = {(purpose, word): FAULTS[reason] for word, reason in zip(WORDS, reasons, strict=False)}
    with chat_server(FaultyTeacher(bad)) as server:
        funnels = run(made(server, max_failed=0.8), tmp_path / "run")
    assert [each.unanswered for each in funnels] == [
        len(bad) if n == stage else 0 for n in range(len(funnels))
    ]
    assert funnels[stage].dropped == {f"request failed: {reason}": 1 for reason in reasons}
    assert funnels[-1].kept == len(WORDS) - len(bad)
    for aside, word in zip(dropped(tmp_path / "run", funnels[stage].stage), WORDS, strict=False):
        assert word in aside["prompt"]
        assert aside["error"].startswith(server.base_url)


def test_one_may_always_fail(made, tmp_path):
    with chat_server(FaultyTeacher({("answer", "ropes"): FAULTS["HTTP 500"]})) as server:
        *_, pack = run(made(server), tmp_path / "run")
    assert pack.kept == 7


def test_none_may_fail_if_the_share_is_0(made, tmp_path):
    with (
        chat_server(FaultyTeacher({("tags", "ropes"): FAULTS["HTTP 500"]})) as server,
        pytest.raises(TooManyFailed, match=r"select: 1 of \d failed for good"),
    ):
        run(made(server, max_failed=0), tmp_path / "run")


def test_more_than_the_share_end_the_run_with_their_reasons(made, tmp_path):
    bad = {("answer", "ropes"): FAULTS["HTTP 500"], ("answer", "gulls"): FAULTS["HTTP 403"]}
    script = FaultyTeacher(bad)
    with chat_server(script) as server, pytest.raises(TooManyFailed) as caught:
        run(made(server, max_failed=0.2), tmp_path / "run")
    assert "respond: 2 of 8 failed for good" in caught.value.message
    assert "1 request failed: HTTP 403" in caught.value.message
    assert "max_failed allows 20%" in caught.value.message
    assert "--retry-failed" in caught.value.hint
    assert not (tmp_path / "run" / "respond.funnel.json").exists()


def test_a_server_that_fails_always_is_noticed_long_before_the_end(made, tmp_path):
    words = [f"ships number {n}" for n in range(100)]
    with chat_server(FaultyTeacher({("tags", ""): FAULTS["HTTP 500"]})) as server:
        with pytest.raises(TooManyFailed):
            run(made(server, words), tmp_path / "run")
        assert len(server.requests) < 20


@pytest.mark.parametrize("status", [401, 402, 404, 429])
def test_what_concerns_all_requests_ends_the_run_at_once(made, tmp_path, status):
    with chat_server(FaultyTeacher({("answer", "ropes"): (status, {"error": "no"})})) as server:
        with pytest.raises(EndpointError, match=f"HTTP {status}") as caught:
            run(made(server), tmp_path / "run")
        assert not isinstance(caught.value, TooManyFailed)


def test_an_exhausted_quota_ends_the_run_with_the_requests_in_flight(made, tmp_path):
    quota = 429, {"error": {"message": "none left", "code": "insufficient_quota"}}
    with chat_server(FaultyTeacher({("", ""): quota})) as server:
        with pytest.raises(EndpointError, match="the quota is exhausted: none left"):
            run(made(server), tmp_path / "run")
        assert len(server.requests) <= 4


def test_a_higher_share_goes_on_without_asking_again(made, tmp_path):
    bad = {("answer", word): FAULTS["HTTP 500"] for word in ("ropes", "gulls")}
    script = FaultyTeacher(bad)
    with chat_server(script) as server:
        with pytest.raises(TooManyFailed):
            run(made(server), tmp_path / "run")
        script.bad = {}
        before = len(server.requests)
        *_, respond, _, pack = run(made(server, max_failed=0.5), tmp_path / "run", resume=True)
        assert not any("ropes" in text or "gulls" in text for text in server.asked[before:])
    assert (respond.unanswered, respond.kept, pack.kept) == (2, 6, 6)


@pytest.mark.parametrize("ended", [False, True])
def test_only_what_failed_is_asked_again(made, tmp_path, ended):
    """After a run that ended early, and after one that went to its end without two answers."""
    bad = {("answer", word): FAULTS["not a chat completion"] for word in ("ropes", "gulls")}
    script, said = FaultyTeacher(bad), []
    with chat_server(script) as server:
        config = made(server, max_failed=0.5 if ended else 0.1)
        if ended:
            assert run(config, tmp_path / "run")[-1].kept == 6
        else:
            with pytest.raises(TooManyFailed):
                run(config, tmp_path / "run")
        script.bad = {}
        before = len(server.requests)
        funnels = run(config, tmp_path / "run", resume=True, retry_failed=True, said=said.append)
        asked = server.asked[before:]
    assert "respond: 2 had failed or got an empty reply, and are asked again" in said
    assert funnels[-1].kept == 8
    assert not any(each.unanswered for each in funnels)
    assert set(script.answered.values()) == {1}
    if ended:
        assert all("ropes" in text or "gulls" in text for text in asked)


def test_with_nothing_failed_there_is_nothing_to_ask_again(made, tmp_path):
    said = []
    with chat_server(FaultyTeacher()) as server:
        run(made(server), tmp_path / "run")
        before = len(server.requests)
        run(made(server), tmp_path / "run", resume=True, retry_failed=True, said=said.append)
        assert len(server.requests) == before
    assert "no request had failed or got an empty reply" in said


def test_replies_in_flight_when_too_many_fail_are_paid_for_and_kept(made, tmp_path):
    """The last two answers to fail end the run, while others are still written."""
    bad = {("answer", word): FAULTS["HTTP 500"] for word in WORDS[:2]}
    script = FaultyTeacher(bad)
    with chat_server(script) as server:
        budget = Budget()
        with pytest.raises(TooManyFailed):
            run(made(server, max_failed=0), tmp_path / "run", budget=budget)
    assert budget.lost.calls == 0
    assert budget.spent.calls == script.answered.total()


@pytest.mark.parametrize(("share", "passes"), [(0.0, False), (0.1, False), (0.3, True)])
def test_broken_lines_are_counted_and_named_up_to_a_share(write, tmp_path, share, passes):
    source = write("seeds.jsonl", [{"prompt": f"Tell me about the {word} of a harbour."} for word in WORDS])
    lines = source.read_text("utf-8").splitlines()
    lines[3:3] = ['{"prompt": "Tell me', "[1, 2]"]
    source.write_text("\n".join(lines) + "\n", "utf-8")
    select = {"sources": [{"path": source}], "near_duplicate": 1.0}
    config = StagedConfig.model_validate(
        {"stages": ["select", "pack"], "select": select, "max_broken": share}
    )
    if not passes:
        with pytest.raises(RecordError, match=r"of \d+ are broken .*seeds\.jsonl:4: ") as caught:
            run(config, tmp_path / "run")
        assert "max_broken" in caught.value.hint
        return
    funnel, _ = run(config, tmp_path / "run")
    assert (funnel.read, funnel.kept, dict(funnel.dropped)) == (10, 8, {"broken line": 2})
    assert [each["where"].rpartition(":")[2] for each in dropped(tmp_path / "run", "select")] == ["4", "5"]


@pytest.mark.parametrize("stage", ["evolve", "decontaminate", "respond", "check", "pack"])
def test_broken_lines_of_an_input_are_dropped_in_whichever_stage_reads_it(write, benchmarks, tmp_path, stage):
    rows = [
        {
            "messages": [{"role": "user", "content": f"Describe {word} without a word on the sea."}],
            "constraints": [{"id": "punctuation:no_comma"}],
            "expert": {"thinking": "Hm.", "answer": f"All {word} are old."},
        }
        for word in WORDS
    ]
    bad = {"messages": "Describe ropes."}, {**rows[0], "constraints": [{"id": "no_such:kind"}]}
    source = write("in.jsonl", [*rows[:2], *bad, *rows[2:]])
    lines = source.read_text("utf-8").splitlines()
    lines.insert(6, lines[6][:20])
    source.write_text("\n".join(lines) + "\n", "utf-8")
    said = []
    sections = {"decontaminate": {"folder": benchmarks}, "select": {"near_duplicate": 1.0}}
    with chat_server(FaultyTeacher()) as server:
        model = {"model": "m", "endpoint": {"base_url": server.base_url, "retries": 0}}
        tree = {"stages": [stage], "input": source, "teacher": model, "max_broken": 0.3, **sections}
        (funnel,) = run(StagedConfig.model_validate(tree), tmp_path / "run", said=said.append)
    assert (funnel.read, funnel.kept, dict(funnel.dropped)) == (11, 8, {"broken line": 3})
    wrong = [each["error"].split("in.jsonl")[1] for each in dropped(tmp_path / "run", stage)]
    assert [each[:3] for each in wrong] == [":3:", ":4:", ":7:"]
    assert "no_such:kind" in wrong[1]
    assert len([line for line in said if "in.jsonl:3: " in line]) == 1


def test_too_many_broken_lines_of_an_input_end_the_run(write, tmp_path):
    source = write("in.jsonl", [{"prompt": "Hi"}] * 120)
    config = StagedConfig.model_validate({"stages": ["pack"], "input": source})
    with pytest.raises(RecordError, match=r"pack: 100 of 100 are broken .*in\.jsonl:1: ") as caught:
        run(config, tmp_path / "run")
    assert "max_broken" in caught.value.hint


def test_empty_replies_are_asked_again(made, tmp_path):
    """They are not failures: more than `max_failed` of them end nothing."""
    words = ("ropes", "gulls")
    script, said = FaultyTeacher({("answer", word): completion("") for word in words}), []
    with chat_server(script) as server:
        config = made(server, max_failed=0)
        funnels = run(config, tmp_path / "run")
        assert dict(funnels[2].dropped) == {"no answer: empty": 2}
        assert funnels[-1].kept == 6
        script.bad = {}
        before = len(server.requests)
        funnels = run(config, tmp_path / "run", resume=True, retry_failed=True, said=said.append)
        asked = server.asked[before:]
    assert "respond: 2 had failed or got an empty reply, and are asked again" in said
    assert funnels[-1].kept == 8
    assert all(any(word in text for word in words) for text in asked)


def test_one_answer_that_fails_leaves_the_others(write, tmp_path):
    """`respond` keeps the answer that came, which code fails, and `check` asks for the other one again."""
    works = False

    def script(body):
        if purpose(body) != "answer":
            return teacher(body)
        if body["seed"] == 0:
            return completion("Old, and slow.", reasoning_content="Hm.")
        return completion("Old and slow.", reasoning_content="Hm.") if works else FAULTS["HTTP 500"]

    record = {
        "messages": [{"role": "user", "content": "Describe a ship."}],
        "constraints": [{"id": "punctuation:no_comma"}],
    }
    with chat_server(script) as server:
        model = {"model": "m", "endpoint": {"base_url": server.base_url, "retries": 0}}
        tree = {"stages": ["respond", "check"], "input": write("in.jsonl", [record]), "teacher": model}
        config = StagedConfig.model_validate(tree)
        respond, check = run(config, tmp_path / "run")
        assert (respond.kept, respond.unanswered) == (1, 0)
        assert (dict(check.dropped), check.unanswered) == ({"request failed: HTTP 500": 1}, 1)
        works = True
        _, check = run(config, tmp_path / "run", resume=True, retry_failed=True)
        assert check.kept == 1


def test_an_answer_that_cannot_be_judged_gives_way_to_the_next(write, tmp_path):
    def script(body):
        if purpose(body) == "quality" and "Old and slow." in last_turn(body):
            return FAULTS["HTTP 400"]
        if purpose(body) == "answer":
            return completion(("Old and slow.", "Slow and old.")[body["seed"]], reasoning_content="Hm.")
        return teacher(body)

    record = {
        "messages": [{"role": "user", "content": "Describe a ship."}],
        "constraints": [{"id": "punctuation:no_comma"}],
    }
    with chat_server(script) as server:
        model = {"model": "m", "endpoint": {"base_url": server.base_url, "retries": 0}}
        tree = {"stages": ["respond", "check"], "input": write("in.jsonl", [record]), "teacher": model}
        _, check = run(StagedConfig.model_validate(tree), tmp_path / "run")
    assert check.kept == 1


def test_a_teacher_is_asked_as_it_wants_and_its_replies_are_found_again(made, tmp_path):
    def choosy(body):
        if "max_tokens" in body:
            said = "'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead."
            return 400, {"error": {"message": f"Unsupported parameter: {said}"}}
        return teacher(body)

    with chat_server(choosy) as server:
        config = made(server)
        *_, respond, _, _ = run(config, tmp_path / "run")
        server.requests = []
        run(config, tmp_path / "run", overwrite=True)
    assert server.requests == []
    assert "x max_completion_tokens instead of max_tokens" in respond.notes["asked as servers want"]


def test_prompts_that_do_not_fit_are_set_aside_and_end_nothing(made, tmp_path):
    said = "maximum context length is 400 tokens. However, your request has 500 input tokens"
    long = (400, {"error": {"message": said}})
    with chat_server(FaultyTeacher({("answer", word): long for word in WORDS[:3]})) as server:
        _, _, respond, check, _ = run(made(server, max_failed=0), tmp_path / "run")
    assert respond.dropped == {"request failed: the prompt doesn't fit the context": 3}
    assert check.kept == len(WORDS) - 3
