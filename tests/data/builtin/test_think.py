"""The expert's thinking: it plans, and what it says about its drafts is true."""

from __future__ import annotations

import random
import re

import pytest

from raif.config.builtin import BuiltinConfig
from raif.constraints import find
from raif.data import records
from raif.data.builtin.respond import CHAINED, RESPONDERS, Request, expert, kinds_for
from raif.data.builtin.respond.kinds import bound_of
from raif.data.builtin.respond.plain import Plain
from raif.data.builtin.respond.think import skeleton, thoughts
from raif.data.builtin.seeds import all_seeds
from raif.data.builtin.words import onward
from raif.text import reader
from raif.types import Constraint
from tests.data.builtin.seeds import SLEEP, TEA

SEEDS = {seed.id: seed for seed in all_seeds()}
LONG = Constraint(id="length_constraints:number_words", kwargs={"num_words": 70, "relation": "at least"})
NO_COMMA = Constraint(id="punctuation:no_comma")


def thinkings(*constraints: Constraint, seed=SLEEP, count=60, thinking="full") -> list[str]:
    found = [
        expert(Request(Plain(seed, "middle"), constraints), random.Random(n), thinking) for n in range(count)
    ]
    return [one.thinking for one in found if one]


def test_hundreds_of_thoughts_are_built_differently(made):
    for language in ("en", "zh"):
        own = [record for record in made if record.language == language]
        built = {skeleton(r.expert.thinking, SEEDS[r.provenance["seed"]].keywords) for r in own}
        assert len(built) > 0.95 * len(own)
        sentences = {
            each for text in built for each in re.split(r"(?<=[.!?。！？])\s*", text) if len(each) > 3
        }
        assert len(sentences) > 400


def test_a_skeleton_has_no_numbers_quotations_and_topic_words():
    assert skeleton('I count "bed" 12 times in the Room.', ["room"]) == "I count … … times in the …."
    assert skeleton("“床”有12次。") == "…有…次。"


def test_more_constraints_take_more_thinking(made):
    for language in ("en", "zh"):
        lengths = [
            [len(r.expert.thinking) for r in made if r.language == language and len(r.constraints) == count]
            for count in (1, 3, 5)
        ]
        one, three, five = (sum(each) / len(each) for each in lengths)
        assert one < three < five


def test_the_figures_of_a_failing_draft_are_those_of_a_text_that_fails():
    drafts = {
        n for text in thinkings(LONG) for n in re.findall(r"(?:count|only) (\d+) words(?:, | only|\.)", text)
    }
    usual = len(reader.words(Plain(SLEEP, "middle").text))
    assert str(usual) in drafts
    assert all(int(n) < 70 or int(n) >= 70 for n in drafts)
    assert any("short" in text or "only" in text for text in thinkings(LONG))


def test_a_draft_with_a_comma_is_quoted_and_said_in_other_words():
    fixed = [text for text in thinkings(NO_COMMA) if "comma in" in text or "has a comma" in text]
    assert fixed
    for text in fixed:
        assert re.search(r'"[^"]*,[^"]*"', text)


def test_the_plan_quotes_the_sentences_that_the_draft_begins_with(made):
    for record in made:
        marks = '"' if record.language == "en" else "“"
        plan = [each for each in record.expert.thinking.split("\n\n") if each.count(marks) >= 2]
        assert plan, record.id
    assert '"Go to bed at a fixed time"' in thinkings(LONG)[0]


def test_what_the_plan_leaves_out_is_not_taken_out_of_the_draft():
    short = Constraint(
        id="length_constraints:number_words", kwargs={"num_words": 50, "relation": "less than"}
    )
    left, taken_out = r"(?:leave out|can spare is|no need for) (.*?)\.", r"(?:take out|Out with) (.*?)\."
    found = thinkings(short)
    assert any(re.search(left, text) for text in found)
    assert any(re.search(taken_out, text) for text in found)
    for text in found:
        assert not (re.search(left, text) and re.search(taken_out, text)), text


def ask(id: str, **kwargs: object) -> Constraint:
    return Constraint(id=id, kwargs=kwargs)


SHOUTED = ask("change_case:capital_word_frequency", capital_frequency=2, capital_relation="at least")
COMMON_LIMITS = r"[Bb]oth limits|Words and sentences|Length without commas|length has to come"


@pytest.mark.parametrize(
    ("constraints", "said"),
    [
        ((LONG, ask("length_constraints:number_sentences", num_sentences=9, relation="at least")), True),
        ((LONG, NO_COMMA), True),
        (
            (SHOUTED, NO_COMMA),
            False,
        ),
        (
            (
                ask("keywords:letter_frequency", letter="k", let_frequency=12, let_relation="less than"),
                ask("length_constraints:number_sentences", num_sentences=6, relation="less than"),
            ),
            False,
        ),
    ],
)  # fmt: skip
def test_limits_are_thought_about_together_only_if_they_are_on_the_same_thing(constraints, said):
    found = thinkings(*constraints)
    assert found
    assert any(re.search(COMMON_LIMITS, text) for text in found) is said


@pytest.mark.parametrize("last", ["chain:title_again", "chain:in_order"])
def test_steps_are_said_to_depend_on_each_other_only_if_they_do(last):
    kwargs = {"parts": ["title", "postscript"]} if last == "chain:in_order" else {}
    steps = [ask("detectable_format:title"), ask("detectable_content:postscript", postscript_marker="P.S.")]
    request = Request(Plain(SLEEP, "middle"), [*steps, ask(last, **kwargs)], chained=True)
    texts = [expert(request, random.Random(n)).thinking for n in range(40)]
    depends = [re.search("looks back|hang on each other|uses what I|needs what", text) for text in texts]
    assert all(depends) if last == "chain:title_again" else not any(depends)


def test_the_branch_is_settled_before_the_rules_are_counted(made_of_selections):
    for record in made_of_selections:
        opening = record.expert.thinking.split("\n\n")[0]
        counted = [opening.find(text) for text in thoughts("en")["one"] if text in opening]
        branches = thoughts("en")["branch"]["holds"] + thoughts("en")["branch"]["fails"]
        branch = next(opening.find(text) for text in branches if text in opening)
        assert all(branch < place for place in counted), opening


@pytest.fixture(scope="module")
def made_of_selections():
    return list(records(BuiltinConfig(count=60, languages={"en": 1}, compositions={"selection": 1})))


def test_it_speaks_the_language_of_the_request():
    assert not re.search("[\u4e00-\u9fff]", "".join(thinkings(LONG, NO_COMMA)))
    without = "".join(thinkings(NO_COMMA, seed=TEA))
    assert not re.search("[a-z]{2}", without)


def test_brief_is_a_line_for_each_constraint():
    for text in thinkings(LONG, NO_COMMA, thinking="brief"):
        assert len(text.split("\n")) == 2
        assert len(text.split()) < 60


@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_planned_thought_quotes_the_answer_where_it_has_the_wanted_words(language):
    kinds = ["keywords:existence", "keywords:frequency", "length_constraints:nth_paragraph_first_word"]
    kinds += ["change_case:capital_word_frequency"] if language == "en" else []
    one = {"min_constraints": 1, "max_constraints": 1}
    config = BuiltinConfig(count=120, thinking="planned", languages={language: 1}, kinds=kinds, **one)
    quotation, seen = re.compile('"([^"]*)"' if language == "en" else "“([^”]*)”"), set()
    for record in records(config):
        (constraint,) = record.constraints
        bound, kwargs = bound_of(constraint), constraint.kwargs
        if bound and bound[0] == "less than":
            continue
        wanted = kwargs.get("keywords") or [kwargs.get("keyword") or kwargs.get("first_word") or ""]
        quotations = quotation.findall(record.expert.thinking)
        bare = re.sub(r"[\"“”‘’<>*]", "", record.expert.answer)
        places = [each for each in quotations if each not in wanted]
        assert all(each in bare for each in places), record.id
        for word in wanted:
            assert any(word.lower() in each.lower() for each in places), record.id
        seen.add(constraint.id)
    assert seen == set(kinds)


def test_planned_thoughts_go_with_every_kind():
    kinds = [id for id in RESPONDERS if not id.startswith(CHAINED)]
    config = BuiltinConfig(count=600, thinking="planned", kinds=kinds, max_constraints=5, seed=3)
    assert not [r.id for r in records(config) if re.search('""|“”', r.expert.thinking)]


def test_the_thinking_has_no_tags(made):
    assert not [r.id for r in made if re.search("[<>]", r.expert.thinking)]


def test_no_field_is_left_open_and_no_sentence_is_glued_to_the_next(made):
    for record in made:
        assert not re.search(r"[{}]|  |\s$", record.expert.thinking), record.id
        if record.language == "en":
            text = re.sub(r'"[^"]*"', "", record.expert.thinking)
            assert not re.search(r"[a-z][.!?;][A-Z]", text), record.id


@pytest.mark.parametrize("language", ["en", "zh"])
def test_there_is_something_to_think_about_each_kind(language):
    kinds = thoughts(language)["kinds"]
    for id in RESPONDERS:
        if not id.startswith(CHAINED) and id not in kinds_for(language, RESPONDERS):
            continue
        example = find(id, language).examples[0].kwargs
        keys = [f"{id} +", f"{id} -"] if bound_of(Constraint(id=id, kwargs=example)) else [id]
        for key in keys:
            for part, least in (("ask", 2), ("means", 2), ("slip", 2), ("check", 2)):
                assert len(set(kinds[key][part])) >= least, (key, part)


def test_brief_experts_of_the_generator_think_briefly():
    config = BuiltinConfig(count=40, thinking="brief", languages={"en": 1}, max_constraints=2)
    assert max(len(r.expert.thinking.split()) for r in records(config)) < 90


@pytest.mark.parametrize(
    ("text", "word", "language", "phrase"),
    [
        ("Not now. It is the most sustainable choice. Go on.", "sustainable", "en", "sustainable choice."),
        ("A chance to explore the forest reserve.", "chance", "en", "chance to explore the"),
        ("In the middle, under the chestnut.\nTeens sit.", "chestnut", "en", "the chestnut."),
        ("Worms.", "Worms", "en", "Worms."),
        ("先想一想。今天去公园里散步吧。好。", "公园", "zh", "公园里散步吧。"),
    ],
)
def test_a_phrase_begins_with_its_word_unless_that_ends_the_sentence(text, word, language, phrase):
    assert onward(text, text.index(word), language) == phrase
