"""The stages respond and check: answers with their thinking kept apart, verdicts, faults, difficulty."""

from __future__ import annotations

import json

import pytest

from raif import records
from raif.client.chat import Reply
from raif.config.staged import StagedConfig
from raif.data.builtin.seeds import all_seeds
from raif.data.staged import run
from raif.data.staged.replies import read_verdict, said
from raif.reasoning import FORMAT_REQUEST
from raif.types import Expert
from tests.chat_server import chat_server, completion, last_turn
from tests.teacher import purpose, teacher

NO_COMMA = {"id": "punctuation:no_comma"}


def record(number, **fields):
    turn = {"role": "user", "content": f"Describe tea number {number}."}
    return {"id": f"r{number}", "messages": [turn], "constraints": [NO_COMMA], **fields}


@pytest.fixture
def made(tmp_path, write):
    """Runs the stages on records; gives the last stage's records, its drops, and what was asked for."""

    def of(script, rows, *stages, think="none", **sections):
        source = write("in.jsonl", rows)
        with chat_server(script or teacher) as server:
            model = {"model": "m", "endpoint": {"base_url": server.base_url, "retries": 0}, "think": think}
            keys = {"stages": stages, "input": source, "teacher": model if script else None, **sections}
            if "difficulty" in keys.get("check", {}):
                keys["check"]["difficulty"] |= {"policy": model | {"model": "policy"}}
            run(StagedConfig.model_validate(keys), tmp_path / "run")
        kept = list(records.read(tmp_path / "run" / f"{stages[-1]}.jsonl"))
        lines = (tmp_path / "run" / f"{stages[-1]}.dropped.jsonl").read_text("utf-8").splitlines()
        return kept, [json.loads(line) for line in lines], server.requests

    return of


def answering(*texts, **more):
    """A teacher that gives the texts as its answers, in the order of their seeds, and finds no fault."""

    def script(body):
        if purpose(body) != "answer":
            return teacher(body)
        return completion(texts[body.get("seed", 0) % len(texts)], **{"reasoning_content": "Hm.", **more})

    return script


def finding(fault, word="Yes. It is there.", **answers):
    """A judge that finds one fault whenever it is asked about it."""

    def script(body):
        if purpose(body) == "quality" and fault in last_turn(body):
            return completion(word)
        return answering("Tea is warm.", **answers)(body)

    return script


@pytest.mark.parametrize(
    ("text", "reasoning", "think", "thinking", "answer"),
    [
        ("Warm.", "Hm.", "none", "Hm.", "Warm."),
        ("Warm.", "Hm.", "deepseek", "Hm.", "Warm."),
        ("<think>Hm.</think> Warm.", None, "deepseek", "Hm.", "Warm."),
        ("<think>Hm.</think><answer>Warm.</answer>", None, "tagged", "Hm.", "Warm."),
        ("Warm.", None, "none", "", "Warm."),
        ("<think>Hm.</think> Warm.", None, "none", "Hm.", "Warm."),
        ("Hm.\n</think>\n\nWarm.", None, "none", "Hm.", "Warm."),
        ("<think>Hm.</think><answer>Warm.</answer>", None, "none", "Hm.", "Warm."),
        ("<think>b</think>Warm.", "a", "none", "a\nb", "Warm."),
        ("Warm, as a <think> tag is.", None, "none", "", "Warm, as a <think> tag is."),
    ],
)
def test_thinking_is_kept_apart_from_the_answer(text, reasoning, think, thinking, answer):
    assert said(Reply(text, reasoning, False), think) == (thinking, answer, "")


@pytest.mark.parametrize(
    ("found", "think", "why"),
    [
        (Reply("Warm", None, True), "none", "cut off"),
        (Reply("  ", "Hm.", False), "none", "empty"),
        (Reply("Hm, no end", None, False), "deepseek", "empty"),
        (Reply("<think>Hm, no end", None, False), "none", "empty"),
        (Reply("I am sorry, but I cannot help with that request.", "Hm.", False), "none", "refusal"),
        (Reply("很抱歉，我无法协助完成这个请求。", "Hm.", False), "none", "refusal"),
        (Reply("Sure! Here is what you asked for:\n\nWarm.", "Hm.", False), "none", "chatty wrapper"),
        (Reply("好的！以下是介绍：\n茶很暖。", "Hm.", False), "none", "chatty wrapper"),
    ],
)
def test_a_reply_without_an_answer_says_why(found, think, why):
    assert said(found, think).fault == why


@pytest.mark.parametrize(
    ("texts", "bought"),
    [(("One.", "Two.", "Three."), 1), (("One,", "Two.", "Three."), 2), (("One,", "Two,", "Three,"), 3)],
)
def test_another_answer_is_bought_only_where_code_fails_those_before(made, texts, bought):
    rows = [record(1), record(2, messages=[{"role": "user", "content": "What do sailors eat at sea?"}])]
    kept, _, asked = made(answering(*texts), rows, "respond", respond={"answers": 3})
    for each in kept:
        assert [a["answer"] for a in each.provenance["answers"]] == list(texts[:bought])
        assert each.expert is None
    assert len(asked) == 2 * bought


def test_another_answer_is_bought_where_the_judge_fails_the_first(made):
    def strict(body):
        if purpose(body) == "quality" and "One." in last_turn(body):
            return completion("Yes. It is there." if "padded" in last_turn(body) else "No.")
        return answering("One.", "Two.", "Three.")(body)

    kept, _, asked = made(strict, [record(1)], "respond", "check", respond={"answers": 3})
    assert kept[0].expert.answer == "Two."
    assert [purpose(body) for body in asked].count("answer") == 2


def test_no_answer_is_bought_for_a_prompt_that_was_there_before(made):
    rows = [record(1), record(2, messages=record(1)["messages"])]
    kept, dropped, asked = made(answering("One."), rows, "respond")
    assert [each.id for each in kept] == ["r1"]
    assert (dropped[0]["reason"], dropped[0]["of"]) == ("exact duplicate", "r1")
    assert len(asked) == 1


def test_a_tagged_teacher_is_asked_for_the_tags(made):
    script = answering("<think>Hm.</think><answer>Warm.</answer>", reasoning_content=None)
    kept, _, asked = made(script, [record(1)], "respond", think="tagged")
    assert asked[0]["messages"][0] == {"role": "system", "content": FORMAT_REQUEST}
    assert kept[0].provenance["answers"][0] == {"thinking": "Hm.", "answer": "Warm."}


def test_answers_without_thinking_are_kept_only_on_request(made):
    script = answering("Warm.", reasoning_content=None)
    assert made(script, [record(1)], "respond")[1][0]["reason"] == "no answer: no thinking"


def test_the_built_in_responder_answers_the_packaged_seeds_offline(made):
    seed = all_seeds()[0]
    rows = [record(1, messages=[{"role": "user", "content": seed.prompt}]), record(2)]
    kept, dropped, _ = made(None, rows, "respond", "check")
    assert [each.id for each in kept] == ["r1"]
    assert kept[0].expert.thinking
    assert "," not in kept[0].expert.answer
    assert [each["reason"] for each in dropped] == []


def test_the_first_answer_that_passes_is_the_experts(made):
    script = answering("Warm, brown.", "Tea is warm.", "Tea is brown.")
    kept, _, _ = made(script, [record(1)], "respond", "check", respond={"answers": 3})
    assert kept[0].expert == Expert(thinking="Hm.", answer="Tea is warm.")
    assert "answers" not in kept[0].provenance


def test_a_prompt_without_a_passing_answer_is_dropped_with_the_verdicts(made):
    _, dropped, asked = made(answering("Warm, brown."), [record(1)], "respond", "check")
    assert dropped[0]["reason"] == "no answer passes its checks"
    assert dropped[0]["answers"][0][0]["reason"] == "1 commas, asked for none"
    assert {purpose(body) for body in asked} == {"answer"}


def test_the_judge_is_not_asked_about_an_answer_that_fails_by_code(made):
    row = record(1, questions=[{"text": "Is it short?"}])
    asked = made(answering("Warm, brown."), [row], "respond", "check")[2]
    assert "judge" not in map(purpose, asked)


def test_the_judge_decides_where_code_finds_nothing(made):
    def strict(body):
        if purpose(body) == "judge":
            return completion("yes" if "brown" in last_turn(body) else "no")
        return answering("Tea is warm.", "Tea is brown.")(body)

    row = record(1, questions=[{"text": "Is it dark?"}])
    assert made(strict, [row], "respond", "check")[0][0].expert.answer == "Tea is brown."


def test_what_the_judge_cannot_decide_does_not_pass(made):
    def mumbling(body):
        return completion("Well.") if purpose(body) == "judge" else answering("Tea is warm.")(body)

    row = record(1, questions=[{"text": "Is it dark?"}])
    assert made(mumbling, [row], "respond", "check")[1][0]["reason"] == "checks could not be judged"


def test_all_seven_qualities_are_kept_with_verdict_and_reason(made):
    kept, _, _ = made(
        finding("made up", word="Not applicable. It is a poem."), [record(1)], "respond", "check"
    )
    found = kept[0].provenance["quality"]
    assert len({one["fault"] for one in found}) == 7
    assert all(one["judged"] and one["reason"] for one in found)


@pytest.mark.parametrize(
    ("fault", "name"),
    [
        ("another language", "language_inconsistency"),
        ("already hold the answer", "answer_leakage"),
        ("padded", "wrong_length"),
        ("made up", "hallucination"),
        ("vague or broken", "poorly_defined"),
        ("contradict itself", "impossible"),
        ("serious harm", "unsafe"),
    ],
)
def test_each_fault_drops_the_pair(made, fault, name):
    _, dropped, _ = made(finding(fault), [record(1)], "respond", "check")
    assert dropped[0]["reason"] == f"fault: {name}"


def test_a_quality_that_does_not_apply_is_not_a_fault(made):
    kept, _, _ = made(finding("padded", word="Not applicable: a title."), [record(1)], "respond", "check")
    assert [one["faulty"] for one in kept[0].provenance["quality"]].count(None) == 1


def test_a_judges_reasoning_about_a_quality_is_not_read(made):
    script = finding("padded", word="<think>Yes? No.</think>\n\nNo. It is short.")
    kept, _, asked = made(script, [record(1)], "respond", "check", respond={"answers": 1})
    assert "No. It is short." in [one["reason"] for one in kept[0].provenance["quality"]]
    assert sum(body["messages"][0]["content"].count("padded") for body in asked) == 1


def test_an_unreadable_quality_is_asked_again_and_drops_the_pair(made):
    _, dropped, asked = made(
        finding("padded", word="Well."), [record(1)], "respond", "check", respond={"answers": 1}
    )
    assert dropped[0]["reason"] == "qualities could not be judged"
    assert sum(body["messages"][0]["content"].count("padded") for body in asked) == 2


def test_another_answer_does_not_fix_a_fault_of_the_request(made):
    _, _, asked = made(finding("vague or broken"), [record(1)], "respond", "check", respond={"answers": 2})
    assert [purpose(body) for body in asked].count("quality") == 7


def test_an_answer_with_a_fault_gives_way_to_the_next(made):
    def script(body):
        if purpose(body) == "quality" and "padded" in last_turn(body) and "One." in last_turn(body):
            return completion("Yes, it is short.")
        return answering("One.", "Two.")(body)

    assert made(script, [record(1)], "respond", "check")[0][0].expert.answer == "Two."


@pytest.mark.parametrize(
    ("right", "reason"), [(0, "too hard for the policy"), (2, None), (4, "too easy for the policy")]
)
def test_the_band_keeps_what_the_policy_gets_right_sometimes(made, right, reason):
    def script(body):
        if body["model"] == "policy":
            return completion("Tea is warm." if body["seed"] < right else "Warm, brown.")
        return answering("Tea is warm.")(body)

    band = {"samples": 4, "at_least": 0.2, "at_most": 0.8}
    kept, dropped, asked = made(script, [record(1)], "respond", "check", check={"difficulty": band})
    assert sum(body["model"] == "policy" for body in asked) == 4
    assert [each["reason"] for each in dropped] == ([reason] if reason else [])
    assert not kept or kept[0].provenance["policy"] == {"model": "policy", "right": 2, "of": 4}


@pytest.mark.parametrize(("lost", "kept"), [(1, {"right": 1, "of": 3}), (2, None)])
def test_the_band_is_measured_on_the_answers_that_came_if_they_are_more_than_half(made, lost, kept):
    def script(body):
        if body["model"] != "policy":
            return answering("Tea is warm.")(body)
        if body["seed"] < lost:
            return 500, {"error": {"message": "worker died"}}
        return completion("Tea is warm." if body["seed"] == 3 else "Warm, brown.")

    band = {"samples": 4, "at_least": 0.2, "at_most": 0.8}
    found, dropped, _ = made(script, [record(1)], "respond", "check", check={"difficulty": band})
    assert [each.provenance["policy"] for each in found] == ([{"model": "policy", **kept}] if kept else [])
    assert [each["reason"] for each in dropped] == ([] if kept else ["request failed: HTTP 500"])


def test_existing_expert_answers_can_be_checked(made):
    expert = {"thinking": "Hm.", "answer": "Tea, warm."}
    _, dropped, _ = made(teacher, [record(1, expert=expert)], "check")
    assert dropped[0]["reason"] == "no answer passes its checks"


def test_a_quality_is_read_from_the_start_of_the_reply():
    starts = {
        "Yes.": "yes",
        "**No**, none": "no",
        "N/A": "not applicable",
        "是的": "yes",
        "不适用。": "not applicable",
    }
    assert {text: read_verdict(text) for text in starts} == starts
    assert read_verdict("Nothing is wrong, yes") is None


def talk(number=1, **fields):
    """A record of two turns, both without commas."""
    return record(number, then=[{"prompt": "Say it again.", "constraints": [NO_COMMA]}], **fields)


def test_each_turn_of_a_conversation_is_answered_after_the_experts_answers(made):
    def script(body):
        if purpose(body) == "answer" and last_turn(body) == "Say it again.":
            return completion("It is warm.", reasoning_content="Again.")
        return answering("Warm, wet.", "Warm.")(body)

    kept, _, requests = made(script, [talk()], "respond", "check")
    assert kept[0].expert == Expert(thinking="Hm.", answer="Warm.")
    assert kept[0].then[0].expert == Expert(thinking="Again.", answer="It is warm.")
    asked = [body for body in requests if last_turn(body) == "Say it again."]
    assert [m["content"] for m in asked[0]["messages"]] == [
        "Describe tea number 1.",
        "Warm.",
        "Say it again.",
    ]
    assert len(kept[0].provenance["quality"]) == 14  # seven of each turn


def test_a_conversation_with_a_turn_that_fails_is_dropped(made):
    def script(body):
        if purpose(body) == "answer" and last_turn(body) == "Say it again.":
            return completion("No, no.", reasoning_content="Hm.")
        return answering("Warm.")(body)

    kept, dropped, _ = made(script, [talk()], "respond")
    assert not kept
    assert (dropped[0]["reason"], dropped[0]["id"]) == ("no answer to a turn passes its checks", "r1/2")


def test_a_judge_sees_each_turn_of_a_conversation(made):
    expert = {"thinking": "", "answer": "Warm."}
    question = {"text": "Is it kind?"}
    given = talk(expert=expert)
    given["then"][0] |= {"expert": expert, "questions": [question]}

    def unkind(body):
        return completion("No.") if purpose(body) == "judge" else teacher(body)

    kept, dropped, _ = made(unkind, [given], "check")
    assert not kept
    assert (dropped[0]["reason"], dropped[0]["id"]) == ("no answer passes its checks", "r1/2")


def test_a_conversation_without_all_experts_answers_has_nothing_to_check(made):
    _, dropped, _ = made(teacher, [talk(expert={"thinking": "", "answer": "Warm."})], "check")
    assert dropped[0]["reason"] == "no answer to check"
