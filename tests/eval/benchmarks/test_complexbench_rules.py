"""ComplexBench's rules: equal to the official code's on every case, and in the corners."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from raif.errors import ConstraintError
from raif.eval.benchmarks.complexbench.rules import UNKNOWN, judge, normal, objects, unquoted
from tests.parity import Parity

ASK = "【模型回复中评分问题的评测对象】\n评分对象："


def cases(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text("utf-8").splitlines() if line]


@pytest.mark.parity
def test_every_unit_case_is_equal(benchmark_data: Path, parity: Parity) -> None:
    path = benchmark_data / "complexbench-rules" / "unit_cases.jsonl"
    found = cases(path)
    official = [
        _crash() if isinstance(c["result"], str) else (c["targets"] or [], c["result"]) for c in found
    ]
    parity.same(path, "both", [_judged(case) for case in found], official)


@pytest.mark.parity
def test_every_case_on_real_answers_is_equal(benchmark_data: Path, parity: Parity) -> None:
    path = benchmark_data / "complexbench" / "fixtures" / "rule_cases.jsonl"
    found = cases(path)
    official = [_crash() if c["error"] else (c["objects"] or [], c["verdict"]) for c in found]
    parity.same(path, "both", [_judged(case) for case in found], official)


def _judged(case: dict[str, Any]) -> tuple[list[str], Any]:
    """The parts that are checked, and the verdict; ours must refuse if the official code crashes."""
    parts = objects(case["output"], case["extraction"])
    try:
        return parts, judge(case["rule"], parts)
    except ConstraintError:
        return _crash()


def _crash() -> tuple[list[str], str]:
    return [], "crash"


@pytest.mark.parametrize(
    ("reply", "parts"),
    [
        ("x" + ASK + "a||b ||", ["a", "b", ""]),
        (ASK + "x\n\n" + ASK + "y", ["y"]),
        (ASK + "allowed", ["ANSWER"]),
        (ASK + " all", ["all"]),
        (ASK + "a None b", []),
        (ASK + "评测对象：评分对象：c", ["c"]),
        ("评测对象：a：b", ["a：b"]),
        ("a：b：c", ["c"]),
        ("plain", ["plain"]),
        ("", [""]),
        (ASK + "a\n\n**注意b\n\n请注意c\n\n注意d", ["a"]),
        (ASK + "a\n\n注意：b：c", ["a"]),
    ],
)
def test_reply_points_out_parts_of_the_answer(reply: str, parts: list[str]) -> None:
    assert objects("ANSWER", reply) == parts


def test_without_answer_or_reply_nothing_is_pointed_out() -> None:
    assert objects(None, ASK + "all") == objects("a", None) == []


@pytest.mark.parametrize(
    ("text", "bare"),
    [
        ('"a"', "a"),
        ("“a”", "a"),
        ('`a"', "a"),
        ("”a“", "”a“"),
        ('\n\n"a"', "a"),
        ('"', ""),
        ("\n", ""),
        ("", ""),
        ('""a""', '"a"'),
        ('"a" ', '"a" '),
    ],
)
def test_one_pair_of_quotation_marks_is_dropped(text: str, bare: str) -> None:
    assert unquoted(text) == bare


def test_punctuation_is_widened_where_the_official_table_has_a_wide_form() -> None:
    assert (
        normal("a!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~“”")
        == 'a！"＃＄％＆\'（）＊+，-。/：；<=>？@[＼]＾_`{|}~""'
    )


@pytest.mark.parametrize(
    ("rule", "parts", "verdict"),
    [
        ("model_keyword:[!]", ["a!"], False),
        ("model_keyword:[!]", ["a！"], True),
        ("model_keyword_each:[!]", ["a!", "b！"], True),
        ("model_keyword:[a]", ["", "a"], False),
        ("model_keyword_each:[a]", ["", "a"], True),
        ("model_length:[1,3]", ["", "a"], False),
        ("model_length_each:[1,3]", ["", "a"], True),
        ("model_length:[1,3]", ['"abc"'], True),
        ("model_length_word:[0,1]", ["a b"], False),
        ("model_keyword_num:[2,2,a,a]", ["a"], True),
        ("model_keyword_num_each:[1,1,a, b]", ["ab"], True),
        ("model_keyword_num_each:[1,1,a]\nmodel_forbidden_word_each:[b]", ["ab"], False),
        ("model_forbidden_word:[b]", ["a", "b"], True),
        ("model_forbidden_word_each:[b]", ["a", "b"], False),
        ("model_endswith_each:x", ["ax", "b"], True),
        ("model_endswith_each:x", ["b"], False),
        ("model_endswith_each:x", ["“ax”", "b"], True),
        ("model_endswith:x", ["“ax”"], False),
        ("model_endswith:x", ["ax?"], True),
        ("model_endswith:x", ["ax!"], False),
        ("model_startswith:a\nb", ["a\nbc"], True),
        ("model_starts_with_list_each:[a,b]", ["ax", ""], True),
        ("model_constraint_punc:[，]", ["a!"], True),
        ("model_constraint_punc_each:[，]", ["a!"], False),
        ("model_constraint_punc:[，]", ["a-"], False),
        ("model_not_startswith:a", [], True),
        ("model_number_each:[2,2]", ["", ""], True),
        ("startswith:teach", ["teach"], UNKNOWN),
        ("startswith:a model", ["a model"], UNKNOWN),
        ("keyword_num:[1,1,a]", ["a"], UNKNOWN),
        ("sentences:[1,2]", [], UNKNOWN),
        ("match:a.", ["a."], False),
        ("match:a", ["a."], True),
        ("keyword:[a]", ["a", "b"], True),
        ("keyword:[a]", ["a None"], False),
        ("forbidden_word:[a]", ["a None"], True),
        ("not endswith:a", [], True),
        ("forbidden_word:[x],keyword:[y]", ["y"], True),
        ("keyword:[[a],b]", ["a]b"], True),
        ("length:[1,\n3]", ["ab"], True),
        ("length_word:[2,2]", ["a b"], True),
        ('Json:["a"]', ['x {"a": {"b": 1}} {'], True),
        ('Json:["a"]', ['} {"a": 1}'], False),
        ('Json:["a"]', ['{"a": "}"}'], False),
        ('Json:["a","a"]', ['{"a": 1}'], False),
        ("Json:[]", ["{}"], True),
        ("Json:[]", ["[1]"], False),
        ("Json:[]", ["{" * 5000 + "}" * 5000], False),
    ],
)
def test_rule_holds_as_officially(rule: str, parts: list[str], verdict: Any) -> None:
    assert judge(rule, parts) is verdict


@pytest.mark.parametrize(
    "rule",
    [
        "keyword:[a]\nforbidden_word:[b]",
        "keyword:a",
        "startswith:match this",
        "match:a\nb",
        "Json:[name]",
        "length:[1]",
        "length:[a,b]",
        "model_length:[__import__('os').getcwd(),1]",
        "model_keyword_num:[a,b,c]",
        "model_number_each:3",
        "model_startswith:a model_endswith:b",
        "model_keyword:[a]\nmodel_length:[1,2]",
    ],
)
def test_rule_on_which_the_official_code_crashes_is_refused_and_named(rule: str) -> None:
    with pytest.raises(ConstraintError, match="rule"):
        judge(rule, ["abc"])


def test_what_is_empty_is_not_read_by_a_broken_rule() -> None:
    assert judge("keyword:[a]\nforbidden_word:[b]", []) is False


@settings(max_examples=200, deadline=None)
@given(st.text(st.characters(), max_size=60), st.sampled_from(["all", "||", "a||“b”", "None"]))
def test_no_answer_makes_a_rule_raise(answer: str, span: str) -> None:
    for rule in ("keyword:[a]", 'Json:["a"]', "model_endswith_each:a", "model_constraint_punc_each:[,]"):
        assert judge(rule, objects(answer, ASK + span)) in (True, False)
