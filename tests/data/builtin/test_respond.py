"""The responder on hand-made constraints: what the answer and the thinking look like."""

import random

import pytest

from raif.constraints import KINDS
from raif.data.builtin.respond import respond
from raif.data.builtin.respond.bank import gists
from raif.data.builtin.respond.draft import Structure, deal, lay_out
from raif.data.builtin.seeds import Seed
from raif.types import Constraint

SEED = Seed(
    id="en-test",
    language="en",
    task="advice",
    topic="health",
    prompt="Give advice on better sleep.",
    title="Better Sleep",
    points=(
        "Good sleep begins with a fixed time for bed.",
        "Put the phone away one hour before that time.",
        "Keep the room dark and cool through the night.",
        "Drink no coffee after the early afternoon.",
        "Take a short walk when the day was long.",
        "Read a calm book instead of watching a film.",
        "Write worries on paper so that they can wait.",
        "See a doctor when nothing helps for weeks.",
    ),
    keywords=("sleep", "phone", "room", "coffee", "walk", "pillow"),
)


def answer(*constraints: Constraint, size: int = 3) -> str:
    expert = respond(SEED, constraints, random.Random(0), size)
    assert expert
    assert all(KINDS[c.id].check(expert.answer, **c.kwargs).passed for c in constraints)
    return expert.answer


def ask(id: str, **kwargs: object) -> Constraint:
    return Constraint(id=id, kwargs=kwargs)


def test_without_constraints_it_is_the_points_in_order():
    text = answer()
    positions = [text.find(point) for point in SEED.points if point in text]
    assert len(positions) == 3
    assert positions == sorted(positions)


def test_a_keyword_that_no_point_has_gets_a_sentence():
    assert "pillow" in answer(ask("keywords:existence", keywords=["pillow"]))


def test_points_with_forbidden_words_are_skipped():
    text = answer(ask("keywords:forbidden_words", forbidden_words=["sleep", "phone"]))
    assert SEED.points[2] in text


def test_more_words_mean_more_points():
    assert (
        len(answer(ask("length_constraints:number_words", num_words=60, relation="at least")).split()) >= 60
    )


def test_bullets_are_points():
    lines = answer(ask("detectable_format:number_bullet_lists", num_bullets=3)).split("\n")
    assert next(line for line in lines if line.startswith("* ")).removeprefix("* ") in SEED.points


def test_a_quoted_list_has_a_line_before_it():
    text = answer(ask("startend:quotation"), ask("detectable_format:number_bullet_lists", num_bullets=2))
    assert not text.startswith('"*')


def test_the_end_phrase_follows_the_postscript():
    text = answer(
        ask("startend:end_checker", end_phrase="I hope this helps."),
        ask("detectable_content:postscript", postscript_marker="P.S."),
    )
    assert text.index("P.S.") < text.index("I hope this helps.")


def test_two_responses_share_no_point():
    one, two = answer(ask("combination:two_responses"), size=4).split("******")
    assert not [point for point in SEED.points if point in one and point in two]


def test_a_paragraph_can_start_with_a_point():
    constraint = ask(
        "length_constraints:nth_paragraph_first_word", num_paragraphs=2, nth_paragraph=2, first_word="drink"
    )
    assert answer(constraint).split("\n\n")[1].startswith(SEED.points[3])


def test_there_is_no_answer_if_no_sentence_fits():
    forbidden = ["a", "the", "no", "see", "write", "it", "that", "place", "once"]
    everything = [*forbidden, "idea", "look", "counts"]
    constraint = ask("keywords:forbidden_words", forbidden_words=everything)
    assert respond(SEED, [constraint], random.Random(0), 3) is None


def test_gists_are_different_if_possible():
    assert gists(["Sleep in a dark room.", "Good sleep."], SEED) == ["sleep", "good"]


def test_a_list_takes_the_last_sentences():
    text = lay_out(Structure(bullets=2), SEED, [], ["One.", "Two.", "Three."], ["Four."], [])
    assert text == "One.\n* Two.\n* Three.\nFour."


@pytest.mark.parametrize(("interleaved", "shares"), [(False, [[1, 2], [3, 4]]), (True, [[1, 3], [2, 4]])])
def test_dealing(interleaved, shares):
    assert deal([1, 2, 3, 4], 2, interleaved) == shares
