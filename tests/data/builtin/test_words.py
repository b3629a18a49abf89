"""Words that say something, and what a thought quotes."""

from __future__ import annotations

import pytest

from raif.data.builtin.seeds import all_seeds
from raif.data.builtin.words import content, core, head


@pytest.mark.parametrize(
    ("text", "language", "words"),
    [
        ("Nobody would gladly drink another coffee with their family.", "en", ("drink", "coffee", "family")),
        ("The well-known baker's bread is older than thousands of others.", "en", ("bread", "older")),
        ("带孩子在油画前先退后五步再走近一步。", "zh", ("孩子", "油画")),
        ("高二以128分夺得团体第一。", "zh", ("团体",)),
    ],
)
def test_words_that_say_what_a_text_is_about(text, language, words):
    assert content(text, language) == words


@pytest.mark.parametrize(
    ("sentence", "language", "quoted"),
    [
        ("Go to bed early, even on Sunday.", "en", '"Go to bed early"'),
        ("So, go to bed.", "en", '"So, go to bed"'),
        ("Unplug it.", "en", '"Unplug it"'),
        ('A "trusted device" is a phone because it is yours.', "en", '"A trusted device is a phone"'),
        ("Set the phone to silence all of the numbers that nobody knows.", "en",
         '"Set the phone to silence all of the numbers ..."'),
        ("先烧一壶水，凉到85度再用。", "zh", "“先烧一壶水”"),
        ("《龙猫》里没有坏人也没有一个可怕的地方。", "zh", "“《龙猫》里没有坏人也没有一个……”"),
    ],
)  # fmt: skip
def test_the_beginning_of_a_sentence(sentence, language, quoted):
    assert head(sentence, language) == quoted


@pytest.mark.parametrize(
    ("request_", "language", "quoted"),
    [
        ("We are a choir. Which of the two halls would suit us better? Thanks", "en",
         '"Which of the two halls would suit us better?"'),
        ('Sum this up: "Is it really true that nobody knows what it was? Yes." for me', "en",
         '"Sum this up: ..."'),
        ("Please plan the whole of my week. Is it ok?", "en", '"Please plan the whole of my week."'),
        ("I want to quit smoking. 15 a day.", "en", '"I want to quit smoking."'),
        ("楼上孩子晚上跑跳太吵，给他家写封邮件，怎么写才客气？", "zh",
         "“楼上孩子晚上跑跳太吵，给他家写封邮件，怎么写才客气？”"),
        ("太吵", "zh", "“太吵。”"),
    ],
)  # fmt: skip
def test_what_a_request_comes_down_to(request_, language, quoted):
    assert core(request_, language) == quoted


def test_whatever_is_quoted_is_short_and_ends_its_quotation():
    for seed in all_seeds():
        opening, closing, most = ("“", "”", 36) if seed.language == "zh" else ('"', '"', 24)
        for text in (core(seed.prompt, seed.language), *(head(p.text, seed.language) for p in seed.points)):
            assert text[0] == opening, text
            assert text[-1] == closing, text
            assert (len(text) if seed.language == "zh" else len(text.split())) <= most, text
            assert not any(mark in text[1:-1] for mark in '"“”\n'), text
