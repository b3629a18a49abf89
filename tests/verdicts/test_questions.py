from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from raif.config.judge import JudgeConfig
from raif.constraints.tree import active
from raif.errors import EndpointError
from raif.judge.judge import Judge
from raif.types import Composition, Constraint, Instruction, Message, Question, Verdict
from raif.verdicts.checks import verify, verify_all
from raif.verdicts.questions import due
from tests.chat_server import Body, ChatServer, chat_server, completion
from tests.constraints.test_tree import SIZE, trees

NO_COMMA = Constraint(id="punctuation:no_comma")


def record(*questions: str, composition: Composition | None = None, **fields: object) -> Instruction:
    plain = {"id": "tea", "messages": (Message(role="user", content="Describe tea."),)}
    asked = tuple(Question(text=text) for text in questions)
    return Instruction.model_validate(plain | {"questions": asked, "composition": composition} | fields)


@contextmanager
def judging(said: Mapping[str, str]) -> Iterator[tuple[Judge, ChatServer]]:
    """A judge whose server knows these questions, and fails on others."""

    def script(body: Body) -> tuple[int, Body]:
        asked = body["messages"][0]["content"]
        return completion(next(answer for text, answer in said.items() if text in asked))

    with chat_server(script) as server:
        endpoint = {"base_url": server.base_url, "retries": 0}
        with Judge(JudgeConfig.model_validate({"model": "m", "endpoint": endpoint})) as judge:
            yield judge, server


def test_questions_are_judged_in_the_same_call() -> None:
    with judging({"Warm?": "yes", "Long?": "no"}) as (judge, _):
        found = verify(record("Warm?", "Long?", constraints=(NO_COMMA,)), "Tea is warm.", judge=judge)
    assert [verdict.passed for verdict in found.verdicts] == [True, True, False]
    assert (found.followed, found.fraction) == (False, 2 / 3)


def test_what_the_judge_can_not_say_is_left_out_of_the_fraction() -> None:
    with judging({"Warm?": "yes", "Odd?": "perhaps"}) as (judge, _):
        found = verify(record("Warm?", "Odd?"), "Tea is warm.", judge=judge)
    assert [verdict.passed for verdict in found.verdicts] == [True, None]
    assert (found.followed, found.fraction) == (None, 1.0)


def test_an_empty_answer_fails_without_a_call() -> None:
    with judging({}) as (judge, server):
        assert verify(record("Warm?"), "<think>Hm</think>", think="deepseek", judge=judge).fraction == 0.0
    assert server.requests == []


def test_the_judge_sees_the_answer_without_its_thinking() -> None:
    with judging({"Warm?": "yes"}) as (judge, server):
        verify(record("Warm?"), "<think>I plan.</think>Tea is warm.", think="deepseek", judge=judge)
    assert "I plan." not in server.asked[0]


def test_the_judge_sees_all_turns_with_their_roles() -> None:
    turns = ("system", "Be brief."), ("user", "Hi"), ("assistant", "Hello"), ("user", "And tea?")
    messages = tuple(Message.model_validate({"role": role, "content": text}) for role, text in turns)
    with judging({"Warm?": "yes"}) as (judge, server):
        verify(record("Warm?", messages=messages), "Tea is warm.", judge=judge)
    assert "[system]\nBe brief.\n\n[user]\nHi\n\n[assistant]\nHello\n\n[user]\nAnd tea?" in server.asked[0]


def test_a_question_behind_a_failed_check_costs_no_call() -> None:
    chain = Composition(kind="chain", parts=(0, 1))
    with judging({}) as (judge, server):
        found = verify(record("Warm?", composition=chain, constraints=(NO_COMMA,)), "a, b", judge=judge)
    assert server.requests == []
    assert found.fraction == 0.0
    assert (found.verdicts[1].active, found.verdicts[1].reason) == (False, "not asked: inactive")


def test_a_question_behind_a_failed_question_costs_no_call() -> None:
    chain = Composition(kind="chain", parts=(0, 1, 2))
    with judging({"First?": "yes", "Second?": "no"}) as (judge, server):
        found = verify(record("First?", "Second?", "Third?", composition=chain), "Tea", judge=judge)
    assert len(server.requests) == 2
    assert found.fraction == 0.5


def test_a_question_of_the_branch_not_taken_costs_no_call() -> None:
    selection = Composition(kind="selection", parts=(0, 1), selected=1)
    with judging({"Second?": "yes"}) as (judge, server):
        found = verify(record("First?", "Second?", composition=selection), "Tea", judge=judge)
    assert len(server.requests) == 1
    assert (found.followed, found.fraction) == (True, 1.0)


def test_a_chain_that_holds_loosely_is_asked_for_the_loose_verdict() -> None:
    chain = Composition(kind="chain", parts=(0, 1))
    with judging({"Warm?": "yes"}) as (judge, _):
        found = verify(
            record("Warm?", composition=chain, constraints=(NO_COMMA,)), "Sure, tea:\nwarm", judge=judge
        )
    assert (found.followed, found.followed_loose, found.fraction) == (False, True, 0.0)


def test_an_endpoint_that_is_not_there_is_an_error_and_no_verdict() -> None:
    endpoint = {"base_url": "http://127.0.0.1:9/v1", "retries": 0}
    config = JudgeConfig.model_validate({"model": "m", "endpoint": endpoint})
    with Judge(config) as judge, pytest.raises(EndpointError):
        verify(record("Warm?"), "Tea", judge=judge)


verdicts = st.lists(st.sampled_from([True, False, None]), min_size=SIZE, max_size=SIZE)


@given(trees(), verdicts, st.integers(0, SIZE))
def test_in_any_tree_exactly_the_questions_that_count_are_asked(
    tree: Composition, truth: list[bool | None], constraints: int
) -> None:
    """The first checks are by code and known from the start; the judge answers the others truthfully."""
    instruction = record(composition=tree)
    waiting = set(range(constraints, SIZE))
    found = [Verdict("", None if p in waiting else truth[p], None, "") for p in range(SIZE)]
    while round_ := due(instruction, strictly(found), waiting):
        for position in round_:
            found[position] = Verdict("", truth[position], None, "")
        waiting -= set(round_)
    asked = set(range(constraints, SIZE)) - waiting
    counted = active(tree, [verdict.passed for verdict in found])
    assert asked == {p for p in range(constraints, SIZE) if counted[p]}
    assert counted == active(tree, truth)


def strictly(found: list[Verdict]) -> list[Verdict]:
    """Loose verdicts that equal the strict ones."""
    return [Verdict("", verdict.passed, verdict.passed, "") for verdict in found]


def test_each_of_many_answers_has_its_own_judge_and_only_questions_need_one() -> None:
    unused = cast("Any", object())
    plain = record(constraints=(NO_COMMA,))
    with judging({"Warm?": "yes"}) as (judge, server):
        found = verify_all(
            [(record("Warm?"), "Tea."), (plain, "a, b"), (record("Warm?"), "Tea."), (plain, "a")],
            [judge, unused, None, unused],
        )
    assert [each.followed for each in found] == [True, False, None, True]
    assert len(server.requests) == 1
