"""The pipeline and a teacher that behaves as real ones do: no prompt and no answer has what goes wrong."""

from __future__ import annotations

import json
import re

import pytest

from raif import records
from raif.config.staged import StagedConfig
from raif.data.staged import run
from tests.chat_server import chat_server, completion
from tests.data.staged.teacher import THOUGHT, misbehaving
from tests.teacher import purpose, reply

EACH = 6
REQUESTS = {"en": "Tell me about pier {n} and its keeper.", "zh": "请介绍第{n}座码头。"}
STAGES = ("evolve", "respond", "check")


@pytest.fixture
def piped(tmp_path, write):
    """Runs stages on requests in two languages; gives the last records, the funnels, and what was asked."""

    def of(script, *stages, **sections):
        rows = [
            {
                "id": f"{language}-{n}",
                "messages": [{"role": "user", "content": text.format(n=n)}],
                "language": language,
            }
            for language, text in REQUESTS.items()
            for n in range(EACH)
        ]
        source = write("seeds.jsonl", rows)
        with chat_server(script) as server:
            model = {"model": "m", "endpoint": {"base_url": server.base_url, "retries": 0}}
            keys = {"stages": stages, "input": source, "teacher": model, **sections}
            keys["select"] = {"near_duplicate": 1.0}
            funnels = run(StagedConfig.model_validate(keys), tmp_path / "run")
        return list(records.read(tmp_path / "run" / f"{stages[-1]}.jsonl")), funnels, server.requests

    return of


@pytest.mark.parametrize("how", ["field", "reasoning", "inline", "lone"])
def test_thinking_reaches_no_prompt_no_word_and_no_verdict(piped, how):
    every = ("keywords", "requirements", "steps", "fuse", "states", "possible", "quality", "judge")
    made, (funnel,), _ = piped(misbehaving(**dict.fromkeys(every, how)), "evolve")
    assert funnel.kept == 2 * EACH
    for record in made:
        assert "hmm" not in json.dumps(record.model_dump(mode="json")).lower()
        assert record.provenance["evolve"]["fused"]


@pytest.mark.parametrize("how", ["inline", "lone"])
def test_an_answers_thinking_is_kept_apart(piped, how):
    kinds = {"kinds": ["detectable_format:title"], "min_checks": 1, "max_checks": 1, "judged": 0}
    every = dict.fromkeys(("answer", "quality"), how)
    made, funnels, _ = piped(misbehaving(**every), *STAGES, evolve={**kinds, "compositions": {"and": 1}})
    assert funnels[-1].kept == 2 * EACH
    assert all(record.expert.thinking.endswith(THOUGHT[-20:]) for record in made)
    assert all("hmm" not in record.expert.answer.lower() for record in made)


@pytest.mark.parametrize("how", ["relation", "branch", "number", "refuses", "wraps", "cut", "empty"])
def test_a_wrong_fusion_is_asked_again_and_then_replaced(piped, how):
    own = {"compositions": {"selection": 1}, "judged": 0, "kinds": COUNTED}
    made, (funnel,), asked = piped(misbehaving(fuse=how), "evolve", evolve=own)
    assert made
    for record in made:
        evolve = record.provenance["evolve"]
        assert not evolve["fused"]
        assert [bool(each["fault"]) for each in evolve["tries"]] == [True, True]
        assert record.prompt.startswith(record.provenance["request"])
        assert not any(text in record.prompt for text in ("Unless", "除非", "sorry", "抱歉", "Sure", "好的"))
    assert funnel.notes["worded"] == f"0 by the teacher, {len(made)} by templates"
    assert sum(purpose(body) == "fuse" for body in asked) == 2 * len(made)


COUNTED = [
    "length_constraints:number_sentences",
    "length_constraints:number_words",
    "keywords:letter_frequency",
]


def test_the_second_fusion_is_taken_if_it_is_right(piped):
    first = set()

    def improving(body):
        text = reply(body)
        if purpose(body) == "fuse" and body["messages"][0]["content"] not in first:
            first.add(body["messages"][0]["content"])
            return completion("I am sorry, but I cannot help with that request.")
        return completion(text)

    made, _, _ = piped(improving, "evolve")
    assert made
    for record in made:
        assert record.provenance["evolve"]["fused"]
        assert [each["fault"] for each in record.provenance["evolve"]["tries"]] == ["refusal", ""]


def test_what_code_cannot_read_is_a_question_for_the_judge_with_its_verdict_kept(piped):
    def vague(body):
        if purpose(body) == "fuse":
            return completion("Write it the way old captain 1 would tell it to the crew.")
        if purpose(body) == "states":
            asked.append(body["messages"][0]["content"])
            return completion("no. The captain has no number." if "猫" in str(body) else "yes. It does.")
        return completion(reply(body))

    asked = []
    own = {"judged": 1, "compositions": {"and": 1}, "min_checks": 1, "max_checks": 1}
    made, _, _ = piped(vague, "evolve", evolve=own)
    english = [record for record in made if record.language == "en"]
    assert len(english) == EACH
    assert len(asked) == 2 * EACH
    for record in english:
        (part,) = record.provenance["evolve"]["tries"][0]["parts"]
        assert (part["by"], part["passed"], part["reason"]) == ("judge", True, "yes. It does.")


def test_what_the_judge_finds_impossible_is_dropped_before_an_answer_is_bought(piped):
    def sceptical(body):
        return completion("no. A ship has no such thing." if purpose(body) == "possible" else reply(body))

    _, funnels, asked = piped(sceptical, "evolve", "respond")
    assert dict(funnels[0].dropped) == {"impossible, says the judge": 2 * EACH}
    assert "answer" not in map(purpose, asked)


def test_the_judge_is_not_asked_what_is_possible_if_the_config_says_so(piped):
    _, _, asked = piped(misbehaving(), "evolve", evolve={"possible": False})
    assert "possible" not in map(purpose, asked)


@pytest.mark.parametrize("how", ["cut", "refuses", "garbage", "empty"])
def test_sub_instructions_that_were_cut_off_are_not_taken(piped, how):
    own = {"judged": 1, "compositions": {"and": 1}, "min_checks": 2, "max_checks": 2}
    made, (funnel,), _ = piped(misbehaving(requirements=how), "evolve", evolve=own)
    assert made == []
    assert dict(funnel.dropped) == {"no sub-instructions in the teacher's reply": 2 * EACH}


def test_requests_and_raw_replies_can_be_looked_at_for_each_record(piped, tmp_path):
    piped(misbehaving(requirements="cut"), "evolve", evolve={"judged": 1, "compositions": {"and": 1}})
    lines = (tmp_path / "run" / "evolve.asked.jsonl").read_text("utf-8").splitlines()
    shown = [json.loads(line) for line in lines]
    assert len(shown) == 2 * EACH
    for each in shown:
        assert each["dropped"] == "no sub-instructions in the teacher's reply"
        assert len(each["asked"]) == 2
        assert all(re.search("Write exactly|正好写", str(one["messages"])) for one in each["asked"])
        assert all(one["truncated"] and one["text"] for one in each["asked"])


@pytest.mark.parametrize(
    ("how", "why"),
    [("refuses", "refusal"), ("wraps", "chatty wrapper"), ("cut", "cut off"), ("empty", "empty")],
)
def test_an_answer_that_is_none_is_dropped_with_its_reason(piped, how, why):
    _, funnels, _ = piped(misbehaving(answer=how), "evolve", "respond", respond={"need_thinking": False})
    assert dict(funnels[1].dropped) == {f"no answer: {why}": funnels[1].read}
