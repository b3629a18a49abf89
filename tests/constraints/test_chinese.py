"""What the kinds mean in Chinese records: at least five cases each, through `verify`."""

from __future__ import annotations

import time

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from raif.constraints import KINDS, find
from raif.constraints.kind import Example, variants
from raif.constraints.satisfiable import contradiction
from raif.types import Constraint, Instruction, Message
from raif.verdicts.audit.cases import cases
from raif.verdicts.checks import verify

CHINESE = [find(name, "zh") for name in KINDS if "zh" in KINDS[name].wordings]

# Kinds that mean in Chinese what they mean under `raif` in English.
KEPT = {
    "chain:bullets_counted": (
        Example(True, "* 茶\n* 水\n\n要点数：2", {}),
        Example(True, "• 茶\n一共1个。", {}),
        Example(False, "* 茶\n* 水\n\n要点数：3", {}),
        Example(False, "* 茶\n* 水\n\n要点数：两个", {}),
        Example(False, "茶和水。\n要点数：0", {}),
        Example(False, "* 茶\n* 水\n\n2月里喝2次", {}),
    ),
    "chain:first_sentence_again": (
        Example(True, "茶很香。请喝。\n\n茶很香。", {}),
        Example(True, "<<茶>>\n茶很香。请喝。\n茶很香", {}),
        Example(False, "茶很香。请喝。", {}),
        Example(False, "茶很香。请喝。\n请喝。", {}),
        Example(False, "茶很香。", {}),
    ),
    "chain:in_order": (
        Example(True, "<<茶>>\n* 香\n附言：趁热。", {"parts": ["title", "list", "postscript"]}),
        Example(True, "《茶》\n很香。\n又及：趁热。", {"parts": ["title", "postscript"]}),
        Example(False, "* 香\n<<茶>>", {"parts": ["title", "list"]}),
        Example(False, "附言：趁热。\n* 香", {"parts": ["list", "postscript"]}),
        Example(False, "<<茶>>\n很香。", {"parts": ["title", "list"]}),
    ),
    "chain:title_again": (
        Example(True, "<<绿茶>>\n很香。\n\n绿茶", {}),
        Example(False, "《绿茶》\n很香。\n《绿茶》", {}),
        Example(True, "<<绿茶>>\n很香。\n**绿茶**", {}),
        Example(False, "<<绿茶>>\n很香。\n红茶", {}),
        Example(False, "绿茶\n很香。\n绿茶", {}),
    ),
    "detectable_format:xml_format": (
        Example(True, "<茶>热</茶>", {}),
        Example(True, "```xml\n<茶 温度='热'/>\n```", {}),
        Example(False, "<茶>热</水>", {}),
        Example(False, "茶很热。", {}),
        Example(False, "＜茶＞热＜/茶＞", {}),
    ),
    "length_constraints:number_paragraphs": (
        Example(True, "一。\n***\n二。", {"num_paragraphs": 2}),
        Example(False, "一。\n\n二。", {"num_paragraphs": 2}),
        Example(True, "***\n一。\n***\n二。\n***", {"num_paragraphs": 2}),
        Example(False, "一。\n***\n　\n***\n二。", {"num_paragraphs": 2}),
        Example(False, "一。\n＊＊＊\n二。", {"num_paragraphs": 2}),
    ),
    "detectable_format:number_highlighted_sections": (
        Example(True, "喝*热茶*和**清水**。", {"num_highlights": 2}),
        Example(False, "喝*热茶*和清水。", {"num_highlights": 2}),
        Example(False, "喝“热茶”。", {"num_highlights": 1}),
        Example(False, "喝* *茶。", {"num_highlights": 1}),
        Example(False, "喝*热\n茶*。", {"num_highlights": 1}),
    ),
    "detectable_format:json_format": (
        Example(True, '{"茶": "热"}', {}),
        Example(True, '```json\n["茶"]\n```', {}),
        Example(False, "{“茶”：“热”}", {}),
        Example(False, '如下：{"茶": "热"}', {}),
        Example(False, "{'茶': '热'}", {}),
    ),
    "combination:two_responses": (
        Example(True, "好。\n******\n不好。", {}),
        Example(False, "好。\n******\n好。", {}),
        Example(False, "好。\n\n不好。", {}),
        Example(False, "一\n******\n二\n******\n三", {}),
        Example(False, "好。\n******\n　", {}),
    ),
    "combination:repeat_prompt": (
        Example(True, "请问好。你好！", {"prompt_to_repeat": "请问好。"}),
        Example(False, "好的。请问好。你好！", {"prompt_to_repeat": "请问好。"}),
        Example(False, "“请问好。”你好！", {"prompt_to_repeat": "请问好。"}),
        Example(False, "请问好，你好！", {"prompt_to_repeat": "请问好。"}),
        Example(True, "　用AI写。好。", {"prompt_to_repeat": "用AI写。"}),
        Example(False, "用AI写。好。", {"prompt_to_repeat": "用ai写。"}),
        Example(False, "请问好。", {"prompt_to_repeat": "请问好。"}),
    ),
    "change_case:english_capital": (
        Example(True, "THIS IS A VERY GOOD DAY FOR ALL OF THE PEOPLE WHO LIVE HERE.", {}),
        Example(False, "This is a very good day for all of the people who live here.", {}),
        Example(False, "今天对所有人来说都是好日子。", {}),
        Example(False, "今天的 GDP 对所有人来说都是好消息。", {}),
        Example(False, "DAS IST EIN SEHR SCHÖNER TAG FÜR EINEN SPAZIERGANG.", {}),
    ),
    "change_case:english_lowercase": (
        Example(True, "this is a very good day for all of the people who live here.", {}),
        Example(False, "This is a very good day for all of the people who live here.", {}),
        Example(False, "今天对所有人来说都是好日子。", {}),
        Example(False, "今天的 gdp 对所有人来说都是好消息。", {}),
        Example(False, "das ist ein sehr schöner tag für einen spaziergang.", {}),
    ),
}
TRAINING = {kind.id for kind in CHINESE if ".iftrain." in KINDS[kind.id].check.__module__}
CASES = {
    kind.id: tuple(
        Example(case.passes, case.response, case.kwargs) for case in cases(kind.id) if case.language == "zh"
    )
    if kind.id in TRAINING
    else KEPT.get(kind.id, kind.examples)
    for kind in CHINESE
}


def record(*constraints: Constraint, **fields: str) -> Instruction:
    fields = {"language": "zh"} | fields
    return Instruction(
        id="x", messages=(Message(role="user", content="写。"),), constraints=constraints, **fields
    )


@pytest.mark.parametrize(
    ("id", "case"), [pytest.param(id, case, id=id) for id, cases in CASES.items() for case in cases]
)
def test_a_case_has_the_verdict_it_claims(id: str, case: Example) -> None:
    (verdict,) = verify(record(Constraint(id=id, kwargs=case.kwargs)), case.response).verdicts
    assert verdict.passed is case.passes, verdict.reason


@pytest.mark.parametrize("id", CASES)
def test_every_kind_has_five_cases_of_both_verdicts(id: str) -> None:
    assert len(CASES[id]) >= 5
    assert {case.passes for case in CASES[id]} == {True, False}


def test_the_kinds_that_are_not_kept_have_a_meaning_in_one_line() -> None:
    for kind in CHINESE:
        if kind.id not in TRAINING:
            assert ("zh" in variants(kind.id)) is (kind.id not in KEPT)
        assert "zh" not in variants(kind.id) or (kind.check.__doc__ or "").split("\n")[0].endswith(".")


@pytest.mark.parametrize("fields", [{"dialect": "official"}, {"dialect": "reference"}])
def test_other_dialects_keep_the_kinds_own_checks(fields: dict[str, str]) -> None:
    asked = record(Constraint(id="punctuation:no_comma"), **fields)
    assert verify(asked, "红，蓝").followed is True


def test_a_region_of_chinese_is_chinese() -> None:
    assert verify(record(Constraint(id="punctuation:no_comma"), language="zh-TW"), "紅，藍").followed is False


@pytest.mark.parametrize(
    ("pairs", "said"),
    [
        ({"punctuation:no_comma": {}, "startend:end_checker": {"end_phrase": "好，再见。"}}, "1 commas"),
        (
            {
                "keywords:forbidden_words": {"forbidden_words": ["帮助"]},
                "startend:end_checker": {"end_phrase": "希望对你有帮助。"},
            },
            "帮助",
        ),
        (
            {
                "length_constraints:number_words": {"num_words": 7, "relation": "less than"},
                "startend:end_checker": {"end_phrase": "希望对你有帮助。"},
            },
            "7 characters",
        ),
        (
            {
                "length_constraints:number_sentences": {"num_sentences": 2, "relation": "less than"},
                "startend:end_checker": {"end_phrase": "写完了。再见。"},
            },
            "2 sentences",
        ),
        (
            {"change_case:english_capital": {}, "startend:end_checker": {"end_phrase": "再见。"}},
            "all in 'en'",
        ),
    ],
)
def test_contradictions_are_those_of_chinese(pairs: dict[str, dict], said: str) -> None:
    asked = [Constraint(id=id, kwargs=kwargs) for id, kwargs in pairs.items()]
    assert said in (contradiction(asked, "zh") or "")


def test_characters_and_words_are_different_quantities() -> None:
    few = {"num_words": 50, "relation": "less than", "unit": "词"}
    many = {"num_words": 60, "relation": "at least", "unit": "字"}
    asked = [Constraint(id="length_constraints:number_words", kwargs=kwargs) for kwargs in (few, many)]
    assert contradiction(asked, "zh") is None


@settings(max_examples=60, deadline=None)
@given(
    st.text(st.characters(), max_size=200)
    | st.text('“”。！？，《》【】[]<>*-章节1一附言： \n"aA', max_size=200)
)
@example("\ud800 半个")
@example("\x00")
def test_no_check_raises_on_any_text(text: str) -> None:
    for kind in CHINESE:
        for kwargs in {str(case.kwargs): case.kwargs for case in CASES[kind.id]}.values():
            assert isinstance(kind.check(text, **kind.bind(kwargs)).passed, bool)


LONG = [
    "！" * 10**5 + "，",
    "<<" * 10**4,
    "[" * 10**5,
    "【a" * 10**4,
    "\n" * 10**5 + "x",
    "* " * 10**4,
    "“" * 10**5,
]


@pytest.mark.parametrize("text", LONG, ids=lambda text: text[:2])
def test_no_variant_hangs_on_a_long_text(text: str) -> None:
    for kind in (kind for kind in CHINESE if "zh" in variants(kind.id)):
        start = time.process_time()
        kind.check(text, **kind.bind(kind.examples[0].kwargs))
        assert time.process_time() - start < 3, kind.id
