"""Requests become instructions: drawn first, with a witness, then put into words by the teacher."""

from __future__ import annotations

import re
import threading

import pytest

from raif import records
from raif.config.staged import StagedConfig
from raif.constraints.satisfiable import contradiction
from raif.constraints.tree import active
from raif.data.builtin import compose
from raif.data.builtin.seeds import all_seeds
from raif.data.staged import run
from raif.data.staged.drawing import draw
from raif.errors import ConfigError
from raif.text import chinese, count_words
from raif.types import Composition
from raif.verdicts.checks import verify
from tests.chat_server import chat_server, completion
from tests.teacher import WORDS, purpose, reply, teacher

WRITTEN = ("requirements", "steps")
EACH = 12
"""Requests in each language."""

REQUESTS = [
    *(
        {"prompt": f"Tell me about lighthouse number {n} and its keeper.", "language": "en"}
        for n in range(EACH)
    ),
    *({"prompt": f"请介绍第{n}座灯塔和它的守护人。", "language": "zh"} for n in range(EACH)),
]


@pytest.fixture
def evolved(tmp_path, write):
    """Runs `evolve` on the requests; gives the records, the funnel, and the requests to the teacher."""
    source = write(
        "seeds.jsonl",
        [
            {
                "id": f"seed-{n}",
                "messages": [{"role": "user", "content": each["prompt"]}],
                "language": each["language"],
                "provenance": {"seed": f"seed-{n}"},
            }
            for n, each in enumerate(REQUESTS)
        ],
    )

    def of(script=teacher, folder="run", **own):
        with chat_server(script or teacher) as server:
            model = {"model": "m", "endpoint": {"base_url": server.base_url, "retries": 0}}
            config = StagedConfig.model_validate(
                {
                    "stages": ["evolve"],
                    "input": source,
                    "teacher": model if script else None,
                    "evolve": own,
                }
            )
            (funnel,) = run(config, tmp_path / folder)
        return list(records.read(tmp_path / folder / "evolve.jsonl")), funnel, server.requests

    return of


def active_constraints(record):
    counts = active(record.composition, [True] * (len(record.constraints) + len(record.questions)))
    return [item for item, counted in zip(record.constraints, counts, strict=False) if counted]


def test_every_request_becomes_per_seed_instructions(evolved):
    made, funnel, _ = evolved(per_seed=2)
    assert (funnel.read, funnel.kept) == (4 * EACH, 4 * EACH)
    assert len({each.id for each in made}) == 4 * EACH


def test_all_four_compositions_are_drawn_in_both_languages(evolved):
    made, _, _ = evolved(compositions={"and": 1, "chain": 1, "selection": 1, "nested": 1}, min_checks=1)
    found = {(each.language, each.provenance["composition"]) for each in made}
    assert found == {
        (language, name) for language in ("en", "zh") for name in ("and", "chain", "selection", "nested")
    }


def test_what_counts_has_no_contradiction_and_a_witness_that_passes(evolved):
    made, _, _ = evolved()
    for record in made:
        counted = active_constraints(record)
        assert contradiction(counted, record.semantics) is None
        if counted:
            only = record.model_copy(
                update={"constraints": tuple(counted), "questions": (), "composition": None}
            )
            assert verify(only, record.provenance["witness"]).followed is True


def test_every_check_is_in_the_tree_once(evolved):
    def positions(part):
        return [part] if isinstance(part, int) else [n for each in part.parts for n in positions(each)]

    made, _, _ = evolved()
    for record in made:
        count = len(record.constraints) + len(record.questions)
        assert sorted(positions(record.composition)) == list(range(count))


def test_judged_checks_can_come_before_constraints(evolved):
    made, _, _ = evolved(compositions={"chain": 1}, judged=0.5, min_checks=4)
    first = [record.composition.parts[0] >= len(record.constraints) for record in made]
    assert True in first
    assert False in first


def test_sub_instructions_are_asked_for_with_their_questions(evolved):
    made, _, _ = evolved(judged=1)
    for record in made:
        assert record.task == "complex"
        assert not record.constraints
        for question in record.questions:
            number = re.findall(r"\d+", question.text)[0]
            asked = (
                f"Sound like captain number {number}"
                if record.language == "en"
                else f"写得像第{number}位船长"
            )
            assert asked.lower() in record.prompt.lower()


def test_words_are_taken_from_the_teachers_proposal(evolved):
    made, _, _ = evolved(judged=0, kinds=["keywords:existence", "keywords:forbidden_words"], max_checks=2)
    for record in made:
        words = [word for item in record.constraints for each in item.kwargs.values() for word in each]
        assert set(words) <= set(WORDS[record.language])


def test_the_teachers_wording_follows_the_request(evolved):
    made, funnel, _ = evolved()
    heads = {"en": "While you are at it", "zh": "另外请注意"}
    assert all(record.prompt.startswith(record.provenance["request"]) for record in made)
    assert all(heads[record.language] in record.prompt for record in made)
    assert f"{2 * EACH} by the teacher" in funnel.notes["worded"]


def test_an_incomplete_wording_is_replaced_by_the_template(evolved):
    def forgetful(body):
        text = reply(body)
        return completion("Do as you like." if purpose(body) == "fuse" else text)

    made, funnel, _ = evolved(forgetful, judged=0, kinds=["startend:end_checker"], min_checks=1, max_checks=1)
    assert all("Do as you like" not in record.prompt for record in made)
    assert all(record.constraints[0].kwargs["end_phrase"] in record.prompt for record in made)
    assert funnel.notes["worded"].startswith("0 by the teacher")


def test_a_selections_condition_holds_exactly_if_its_first_branch_counts(evolved):
    made, _, _ = evolved(compositions={"selection": 1}, judged=0)
    seen = set()
    for record in made:
        request = record.provenance["request"].lower()
        said = record.prompt[len(request) :].strip().split("\n")[0]
        word = re.search(
            r'has the word "([^"]+)"|begins with the word "([^"]+)"|出现了“([^”]+)”|以“([^”]+)”开头', said
        )
        size = len(chinese.characters(request)) if record.language == "zh" else count_words(request)
        if word:
            has, start, has_zh, start_zh = (str(each or "").lower() for each in word.groups())
            holds = (
                request.lstrip('"“').startswith(start + start_zh)
                if start or start_zh
                else has + has_zh in request
            )
        else:
            count = int(re.search(r"\d+", said)[0])
            holds = size > count if "more than" in said or "超过" in said else size < count
        assert record.composition.selected == (0 if holds else 1)
        seen.add(holds)
    assert seen == {True, False}


def test_an_unreadable_reply_is_asked_for_once_more_and_then_drops_the_request(evolved):
    def mumbling(body):
        return completion("Well." if purpose(body) in WRITTEN else reply(body))

    _, funnel, asked = evolved(mumbling, judged=1, min_checks=2, max_checks=2)
    assert dict(funnel.dropped) == {"no sub-instructions in the teacher's reply": 2 * EACH}
    assert sum(purpose(body) in WRITTEN for body in asked) == 4 * EACH


def test_the_prompts_own_example_is_not_a_sub_instruction(evolved):
    def copying(body):
        if purpose(body) not in WRITTEN:
            return completion(reply(body))
        lines = [
            line
            for line in body["messages"][-1]["content"].splitlines()
            if re.match("Req|Que|要求：|问题：", line)
        ]
        return completion("\n".join(lines))

    _, funnel, _ = evolved(copying, judged=1, min_checks=2, max_checks=2)
    assert funnel.kept == 0


def test_a_request_that_the_server_refuses_is_dropped(evolved):
    def picky(body):
        long = "number 7" in body["messages"][-1]["content"]
        return (400, {"error": {"message": "too long"}}) if long else teacher(body)

    _, funnel, _ = evolved(picky)
    assert dict(funnel.dropped) == {"request failed: HTTP 400": 1}


def test_replies_are_handled_while_another_request_draws(evolved, monkeypatch):
    """The second draw waits until the reply to the first request has led to that request's next question."""
    draws, handled = [], threading.Event()

    def slow(*arguments):
        draws.append(handled.wait(5) if len(draws) == 1 else True)
        return draw(*arguments)

    def script(body):
        if purpose(body) == "fuse":
            handled.set()
        return teacher(body)

    monkeypatch.setattr("raif.data.staged.evolve.draw", slow)
    evolved(script, judged=1)
    assert all(draws)


def test_the_same_seed_makes_the_same_records(evolved):
    assert evolved(folder="a")[0] == evolved(folder="b")[0]


def test_offline_the_words_are_the_requests_own(evolved):
    made, funnel, asked = evolved(
        None, kinds=["keywords:existence"], min_checks=1, max_checks=1, compositions={"and": 1}
    )
    assert funnel.kept == 2 * EACH
    assert asked == []
    for record in made:
        words = record.constraints[0].kwargs["keywords"]
        assert all(word.lower() in record.provenance["request"].lower() for word in words)


def test_offline_nothing_is_left_for_a_judge(evolved):
    made, _, _ = evolved(None, judged=1)
    assert not any(record.questions for record in made)


def test_rejected_draws_are_counted_with_their_reason(evolved):
    _, funnel, _ = evolved(None, max_checks=5, min_checks=5)
    assert re.search(r"\d+ \S+ conflicts with", funnel.notes["rejected draws"])


def test_a_kind_without_a_witness_is_the_users_error(tmp_path):
    with pytest.raises(ConfigError, match="no witness"):
        run(
            StagedConfig(
                stages=("evolve",), input=tmp_path / "in.jsonl", evolve={"kinds": ("count:conjunctions",)}
            ),
            tmp_path / "run",
        )


def test_packaged_requests_keep_their_own_sentences():
    from raif.data.staged.drawing import packaged

    assert all(packaged(seed.prompt) == seed for seed in all_seeds())


def test_moved_trees_keep_their_shape():
    inner = Composition(kind="selection", parts=(1, 2), selected=1)
    tree = Composition(kind="chain", parts=(0, inner))
    assert compose.moved(tree, [2, 0, 1]) == Composition(
        kind="chain", parts=(2, Composition(kind="selection", parts=(0, 1), selected=1))
    )
