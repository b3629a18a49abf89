"""The expert on hand-made constraints: what the answer looks like."""

from __future__ import annotations

import json
import random

import pytest

from raif.constraints import find
from raif.data.builtin.respond import answer, respond
from raif.data.builtin.respond.form import deal
from raif.data.builtin.respond.marks import capitalized, highlighted, with_placeholders
from raif.dialect import semantics
from raif.types import Constraint
from tests.data.builtin.seeds import SHIFT, SLEEP, TEA


def ask(id: str, **kwargs: object) -> Constraint:
    return Constraint(id=id, kwargs=kwargs)


def written(*constraints: Constraint, seed=SLEEP, level="middle") -> str:
    found = answer(seed, level, constraints)
    assert found
    for one in constraints:
        kind = find(one.id, semantics("raif", seed.language))
        assert kind.check(found.text, **kind.bind(one.kwargs)).passed, one
    return found.text


@pytest.mark.parametrize(("level", "size"), [("short", 3), ("middle", 7), ("long", 11)])
def test_without_constraints_it_is_the_points_of_the_level_in_order(level, size):
    text = written(level=level)
    positions = [text.find(point.text) for point in SLEEP.points if point.text in text]
    assert len(positions) == size
    assert positions == sorted(positions)


def test_a_keyword_brings_in_the_sentence_that_has_it():
    assert "Coffee after noon" not in written()
    assert "Coffee after noon" in written(ask("keywords:existence", keywords=["coffee"]))


def test_a_sentence_does_not_stay_without_the_one_that_it_continues():
    text = written(ask("keywords:existence", keywords=["small hours"]), level="short")
    assert "Coffee after noon stays in the body until bedtime. It wakes you" in text


def test_sentences_with_forbidden_words_are_left_out_or_said_in_other_words():
    text = written(ask("keywords:forbidden_words", forbidden_words=["phone", "paper"]))
    assert "phone" not in text
    assert "paper" not in text
    assert SLEEP.points[2].text in text


def test_without_commas_only_the_sentences_that_had_one_change():
    text = written(ask("punctuation:no_comma"))
    assert SLEEP.points[0].plain in text
    assert "by 22:00" in text


def test_a_greeting_loses_its_comma_too():
    assert written(ask("punctuation:no_comma"), seed=SHIFT).startswith("Hi Dana\n")


def test_letters_have_their_greeting_and_farewell_around_everything_but_the_postscript():
    text = written(ask("detectable_content:postscript", postscript_marker="P.S."), seed=SHIFT)
    assert text.startswith("Hi Dana,\n\nGo to bed")
    assert text.endswith("Best wishes,\nMarta\n\nP.S. A cheap alarm clock replaces the phone.")


def test_a_lower_bound_takes_more_sentences_and_an_upper_one_fewer():
    usual = len(written().split())
    more = written(ask("length_constraints:number_words", num_words=usual + 15, relation="at least"))
    less = written(ask("length_constraints:number_words", num_words=usual - 15, relation="less than"))
    assert len(less.split()) < usual - 15 < usual + 15 <= len(more.split())


def test_the_most_important_sentences_always_stay():
    limit = ask("keywords:frequency", keyword="room", frequency=2, relation="less than")
    text = written(limit)
    assert SLEEP.points[2].text in text
    assert "another room" not in text


def test_what_the_important_sentences_rule_out_has_no_answer():
    assert answer(SLEEP, "long", [ask("keywords:forbidden_words", forbidden_words=["doctor"])]) is None
    assert (
        respond(SLEEP, [ask("keywords:forbidden_words", forbidden_words=["doctor"])], random.Random(0))
        is None
    )


def test_two_sections_are_two():
    heading = ask("detectable_format:multiple_sections", section_spliter="Part", num_sections=2)
    text = written(heading, level="long")
    assert text.startswith("Part 1\nGo to bed")
    assert text.count("Part ") == 2


def test_the_title_is_the_first_line():
    assert written(ask("detectable_format:title")).split("\n")[0] == "<<Better Sleep>>"


def test_exact_phrases_keep_their_case_and_come_last():
    phrase = ask("startend:end_checker", end_phrase="That is all for now.")
    note = ask("detectable_content:postscript", postscript_marker="P.S.")
    assert written(phrase, note).endswith("\n\nThat is all for now.")


def bullets(count: int, *others: Constraint, seed=SLEEP, level="middle") -> list[str]:
    return written(
        ask("detectable_format:number_bullet_lists", num_bullets=count), *others, seed=seed, level=level
    ).split("\n")


def test_all_steps_and_items_are_in_their_list_under_the_title():
    lines = bullets(3)
    assert lines[0] == "Better Sleep:"
    assert lines[1].startswith(f"* {SLEEP.points[0].text}")
    assert len(lines) == 4
    assert bullets(2, ask("detectable_format:title"))[2].startswith("* ")
    assert bullets(3, seed=TEA)[0] == "泡茶的办法："


def test_other_texts_lead_up_to_their_list():
    described = SLEEP.model_copy(update={"task": "describe"})
    lines = bullets(3, seed=described)
    assert lines[0] == described.points[0].text
    assert len(lines) == 4


def test_a_list_in_parts_of_steps_is_dealt_out_to_them_and_otherwise_is_the_last_one():
    divided = ask("length_constraints:number_paragraphs", num_paragraphs=2)
    first, second = "\n".join(bullets(4, divided, level="long")).split("\n***\n")
    assert first.count("* ") == second.count("* ") == 2
    described = SLEEP.model_copy(update={"task": "describe"})
    first, second = "\n".join(bullets(4, divided, seed=described, level="long")).split("\n***\n")
    assert (first.count("* "), second.count("* ")) == (0, 4)


def test_a_list_within_quotation_marks_does_not_begin_them():
    divided = ask("length_constraints:number_paragraphs", num_paragraphs=2)
    assert bullets(4, divided, ask("startend:quotation"))[0] == '"Better Sleep:'


def test_a_part_begins_with_a_detail_or_in_mid_thought_only_if_it_has_to():
    for count in (2, 3, 4):
        parts = written(
            ask("length_constraints:number_paragraphs", num_paragraphs=count), level="long"
        ).split("\n***\n")
        assert not any(part.startswith("It wakes you") for part in parts)


def test_of_several_sentences_that_begin_with_the_word_the_nearest_to_an_even_division_opens_the_paragraph():
    keeps = [3, 9]
    points = tuple(
        point.model_copy(update={"text": f"Then {point.text}", "plain": ""}) if n in keeps else point
        for n, point in enumerate(SLEEP.points)
    )
    seed = SLEEP.model_copy(update={"points": points, "task": "describe"})
    first = {"num_paragraphs": 3, "nth_paragraph": 3, "first_word": "then"}
    parts = written(ask("length_constraints:nth_paragraph_first_word", **first), seed=seed, level="long")
    assert parts.split("\n\n")[2].startswith(points[9].text)


def test_quotation_marks_within_quotation_marks_become_single():
    seed = SLEEP.model_copy(update={"second": SLEEP.second})
    said = 'Say "good night" aloud.'
    points = (SLEEP.points[0].model_copy(update={"text": said}), *SLEEP.points[1:])
    text = written(ask("startend:quotation"), seed=seed.model_copy(update={"points": points}))
    assert text.startswith("\"Say 'good night' aloud.")


def test_placeholders_take_the_place_of_names_and_figures():
    text = written(ask("detectable_content:number_placeholders", num_placeholders=3), seed=SHIFT)
    assert text.startswith("Hi [name],")
    assert text.endswith("Best wishes,\n[your name]")
    assert "on [day]" in text


def test_the_second_response_takes_another_approach():
    one, other = written(ask("combination:two_responses")).split("\n******\n")
    assert SLEEP.points[0].text in one
    assert other == " ".join(SLEEP.second)


def test_the_keys_of_an_object_fit_the_text():
    assert list(json.loads(written(ask("detectable_format:json_format")))) == ["title", "points"]
    assert list(json.loads(written(ask("detectable_format:json_format"), seed=SHIFT))) == [
        "title", "greeting", "text", "farewell",
    ]  # fmt: skip
    assert list(json.loads(written(ask("detectable_format:json_format"), seed=TEA))) == ["标题", "步骤"]


def test_a_paragraph_begins_with_the_sentence_that_has_the_word_first():
    first = {"num_paragraphs": 2, "nth_paragraph": 2, "first_word": "see"}
    text = written(ask("length_constraints:nth_paragraph_first_word", **first))
    assert text.split("\n\n")[1].startswith("See a doctor")


def test_the_last_line_can_repeat_what_is_above():
    title, again = ask("detectable_format:title"), ask("chain:title_again")
    assert written(title, again).endswith("\n\nBetter Sleep")
    bullets, counted = (
        ask("detectable_format:number_bullet_lists", num_bullets=3),
        ask("chain:bullets_counted"),
    )
    assert written(bullets, counted).endswith("\n\nNumber of points: 3")
    assert written(ask("chain:first_sentence_again")).endswith("\n\n" + SLEEP.points[0].text)


def test_chinese_without_commas():
    assert written(ask("punctuation:no_comma"), seed=TEA).startswith("先烧一壶水并放到不烫手再用。")


def test_dealing():
    assert deal([1, 2, 3, 4, 5], 2) == [[1, 2], [3, 4, 5]]
    assert deal([1, 2, 3, 4, 5], 2, [0, 0, 5, 0, 0]) == [[1, 2, 3], [4, 5]]
    assert deal([1, 2, 3, 4, 5], 2, [0, 9, 9, 9, 9]) == [[1, 2], [3, 4, 5]]
    assert deal([1, 2], 3) == [[1], [2], []]


@pytest.mark.parametrize(
    ("sentence", "opened"),
    [
        ("Last April 43 of us ran.", "Last April [number] of us ran."),
        ("On 30 April we ran, on May 3 we slept.", "On [date] we ran, on [date] we slept."),
    ],
)
def test_a_date_is_one_of_the_calendar(sentence, opened):
    assert with_placeholders("en", "", "", [sentence], 9)[2] == [opened]


def test_emphasis_falls_on_words_of_the_subject():
    (found,) = highlighted(["He should always sleep three hours before midnight."], 2, SLEEP)
    assert found == "He should always *sleep* three *hours* before midnight."
    assert capitalized(["They would rather wait for the morning."], 1, SLEEP) == [
        "They would rather wait for the MORNING."
    ]
