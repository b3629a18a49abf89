"""A fused text says what its tree says: numbers, relations, words, markers, cases and steps survive."""

from __future__ import annotations

import random

import pytest

from raif.constraints import Material, find
from raif.data.builtin import compose
from raif.data.builtin.respond import kinds_for
from raif.data.builtin.seeds import all_seeds
from raif.data.staged.drawing import layout
from raif.data.staged.fusion import examine, rules
from raif.data.staged.readers import read
from raif.data.staged.reading import Text
from raif.types import Composition, Constraint
from tests.data.staged.teacher import BEHAVIOURS

MATERIAL = {
    "en": Material("en", "Tell me about old ships.", ("harbour", "lantern", "storm")),
    "zh": Material("zh", "请介绍一下老船。", ("港口", "灯塔", "海浪")),
}
KINDS = [(language, id) for language in ("en", "zh") for id in kinds_for(language)]


def fused_by(how, text, language):
    return BEHAVIOURS[how](text, language)[1]["choices"][0]["message"]["content"]


@pytest.mark.parametrize(("language", "id"), KINDS)
def test_each_of_our_wordings_is_read_back_also_as_a_paraphrase_of_another(language, id):
    rng, kind = random.Random(f"{language} {id}"), find(id, language)
    for _ in range(20):
        constraint = Constraint(id=id, kwargs=kind.draw(rng, MATERIAL[language]))
        said = Text(kind.ask(rng, language, constraint.kwargs), language)
        assert read(constraint, "some other wording", said).passed is True, said.text


@pytest.mark.parametrize("how", ["relation", "number"])
@pytest.mark.parametrize(("language", "id"), KINDS)
def test_a_wrong_relation_or_number_is_read_as_wrong(language, id, how):
    rng, kind = random.Random(f"{how} {language} {id}"), find(id, language)
    for _ in range(20):
        constraint = Constraint(id=id, kwargs=kind.draw(rng, MATERIAL[language]))
        wording = kind.ask(rng, language, constraint.kwargs)
        wrong = fused_by(how, wording, language)
        numbers = any(isinstance(value, int) for value in constraint.kwargs.values())
        if numbers and wrong != wording:
            assert read(constraint, wording, Text(wrong, language)).passed is not True, wrong


def words(bound, relation="less than"):
    return Constraint(id="length_constraints:number_words", kwargs={"num_words": bound, "relation": relation})


def keyword(*words, kind="existence"):
    name = "keywords" if kind == "existence" else kind
    return Constraint(id=f"keywords:{kind}", kwargs={name: list(words)})


POSTSCRIPT = Constraint(id="detectable_content:postscript", kwargs={"postscript_marker": "P.P.S"})


@pytest.mark.parametrize(
    ("constraint", "language", "text", "passed"),
    [
        (words(60), "en", "Please stay below sixty words.", True),
        (words(60), "en", "No more than 59 words, if you can.", True),
        (words(60), "en", "Don't write more than 60 words.", False),
        (words(60), "en", "Make it 60 words or more.", False),
        (words(60, "at least"), "en", "I need a minimum of 60 words.", True),
        (words(60, "at least"), "en", "Write no fewer than sixty words.", True),
        (words(60, "at least"), "en", "Write 60 words.", False),
        (words(60, "at least"), "en", "Write a long text.", False),
        (keyword("tea", "milk"), "en", 'Work in both "tea" and "milk".', True),
        (keyword("tea", "milk"), "en", 'Work in "tea".', False),
        (keyword("tea"), "en", 'Never say "tea".', False),
        (keyword("tea"), "en", 'Don\'t forget to mention "tea".', None),
        (keyword("tea", kind="forbidden_words"), "en", 'Steer clear of "tea".', True),
        (keyword("tea", kind="forbidden_words"), "en", 'Include "tea".', False),
        (keyword("tea", kind="forbidden_words"), "en", 'Keep "tea" out of it.', True),
        (keyword("tea", kind="existence"), "en", 'Keep "tea" out of it.', False),
        (POSTSCRIPT, "en", "Let P.P.S open a postscript at the bottom.", True),
        (Constraint(id="punctuation:no_comma"), "en", "Use commas.", False),
        (Constraint(id="punctuation:no_comma"), "en", "Leave out all commas and do without commas.", None),
        (Constraint(id="punctuation:no_comma"), "en", "Do without commas.", True),
        (keyword("茶"), "zh", "请写到“茶”。", True),
        (keyword("茶"), "zh", "请不要写到“茶”。", False),
        (keyword("茶", kind="forbidden_words"), "zh", "别提“茶”。", True),
        (keyword("茶", kind="forbidden_words"), "zh", "全文避开“茶”。", True),
        (
            Constraint(
                id="length_constraints:number_words",
                kwargs={"num_words": 60, "relation": "at least", "unit": "字"},
            ),
            "zh",
            "篇幅不少于六十字。",
            True,
        ),
        (
            Constraint(
                id="length_constraints:number_words",
                kwargs={"num_words": 60, "relation": "at least", "unit": "字"},
            ),
            "zh",
            "篇幅不超过60字。",
            False,
        ),
    ],
)
def test_paraphrases_are_read(constraint, language, text, passed):
    assert read(constraint, "our own words for it", Text(text, language)).passed is passed


def drawn(rng):
    seed = rng.choice(all_seeds())
    name = rng.choice(("and", "chain", "selection", "nested"))
    kinds = kinds_for(seed.language)
    plan = layout(name, seed, kinds, compose.fitted(name, rng.randint(2, 5)), 0.5, rng)
    kinds = rng.sample(kinds, plan.coded)
    material = Material(seed.language, seed.prompt, seed.keywords)
    constraints = [Constraint(id=id, kwargs=find(id, seed.language).draw(rng, material)) for id in kinds]
    wordings = [compose.worded(each, seed.language, rng) for each in constraints]
    captain = {"en": "Sound like captain number {n}.", "zh": "写得像第{n}位船长。"}[seed.language]
    wordings += [captain.format(n=n) for n in range(1, plan.judged + 1)]
    outline = compose.outline(wordings, plan.plan, seed.language).strip()
    parts = rules(plan.plan, wordings, constraints)
    return seed, outline, lambda text: examine(text, plan.plan, parts, outline, seed.prompt, seed.language)


def test_the_outline_itself_says_what_the_tree_says():
    rng = random.Random(3)
    for _ in range(100):
        _, outline, examined = drawn(rng)
        found = examined(f"While you are at it: {outline}")
        assert not found.failed, (outline, found)


@pytest.mark.parametrize("how", ["relation", "branch", "number", "refuses", "wraps"])
def test_what_a_teacher_gets_wrong_fails_by_code(how):
    rng, tried = random.Random(how), 0
    while tried < 30:
        seed, outline, examined = drawn(rng)
        text = fused_by(how, outline, seed.language)
        if text != outline:
            tried += 1
            assert examined(text).failed, text


def test_a_rule_that_is_left_out_fails_or_is_asked_about():
    rng, tried = random.Random(5), 0
    while tried < 30:
        _, outline, examined = drawn(rng)
        text = outline.rpartition("\n")[0]
        if text:
            tried += 1
            found = examined(text)
            assert found.failed or found.questions, (outline, text)


CONDITION = compose.Condition('my request above has the word "tea" in it', True, "")
BRANCHES = (keyword("milk"), words(60))


@pytest.mark.parametrize(
    ("text", "failed"),
    [
        ('If my request above has the word "tea" in it, say "milk"; otherwise stay below 60 words.', False),
        ('Unless my request above has the word "tea" in it, stay below 60 words; else say "milk".', False),
        ('If my request above has the word "tea" in it, stay below 60 words; otherwise say "milk".', True),
        ('Unless my request above has the word "tea" in it, say "milk"; else stay below 60 words.', True),
        ('If my request above has the word "tea" in it, say "milk" and stay below 60 words.', True),
        ('If my request above has the word "coffee" in it, say "milk", otherwise below 60 words.', True),
    ],
)  # fmt: skip
def test_a_rule_in_the_wrong_case_fails(text, failed):
    plan = compose.Plan(Composition(kind="selection", parts=(0, 1), selected=0), CONDITION)
    parts = rules(plan, ['Mention "milk".', "Use fewer than 60 words in total."], BRANCHES)
    outline = compose.outline([each.wording for each in parts], plan, "en").strip()
    found = examine(text, plan, parts, outline, "Is tea good for me?", "en")
    assert bool(found.failed) is failed, found


def test_steps_in_another_order_fail():
    plan = compose.Plan(Composition(kind="chain", parts=(0, 1)))
    parts = rules(plan, ['Mention "milk".', "Use fewer than 60 words in total."], BRANCHES)
    found = examine('First use fewer than 60 words, then mention "milk".', plan, parts, "60 milk", "?", "en")
    assert found.failed == "stands before an earlier step"
