"""Short sentences to add to those of a seed: no commas, digits, quotation marks or brackets."""

from __future__ import annotations

import re
from collections.abc import Iterable

from raif.data.builtin.seeds import Seed

MENTIONS = {
    "en": [
        "Keep the word {word} in mind.",
        "Remember {word} as well.",
        "All of this comes back to {word}.",
        "One more thought goes to {word}.",
        "The key word here is {word}.",
    ],
    "zh": [
        "这里的关键是{word}。",
        "也请记住{word}。",
        "这一切都离不开{word}。",
        "最后再说说{word}。",
        "请不要忘了{word}。",
    ],
}
"""Contain a word of any part of speech."""

OPENINGS = {
    "en": ["{word} comes first in this part.", "{word} is the first word here.", "{word} opens this part."],
    "zh": ["{word}放在这里先说。", "{word}是这一段的开头。", "{word}值得先提一句。"],
}
"""Start a paragraph with a given word."""

FILLERS = {
    "en": [
        "That is the main idea in a few words.",
        "There is always a little more to say about it.",
        "Each of these things has its own place.",
        "Some of it may look different on another day.",
        "It helps to take one thing at a time.",
        "Not all of it has to happen at once.",
        "In the end it is the whole that counts.",
        "A second look at it is often worth the time.",
    ],
    "zh": [
        "大致的意思就是这样。",
        "每一点都有它的道理。",
        "其中的细节可以慢慢调整。",
        "一次做好一件事就够了。",
        "换个角度再看一遍也很值得。",
        "说到底整体才是最重要的。",
        "这些事情都不必急着一天做完。",
        "先从最容易的地方开始就好。",
    ],
}
"""True of most texts, for answers that have to be longer than the seed's own sentences."""

POSTSCRIPTS = {
    "en": [
        "Feel free to come back to me.",
        "Take good care of yourself.",
        "Have a very nice day.",
        "One small step is enough to begin.",
    ],
    "zh": ["有问题随时找我。", "祝你一切顺利。", "愿你今天过得愉快。"],
}

PLACEHOLDERS = {
    "en": [
        ["Contact [name]", " at [address]", " by [date]"],
        ["Ask for [contact]", " at [phone]", " before [time]"],
        ["Written by [author]", " for [reader]", " on [date]"],
    ],
    "zh": [
        ["联系人是[姓名]", "，地址是[地址]", "，时间是[日期]"],
        ["作者[姓名]", "，地点[城市]", "，写于[日期]"],
        ["请联系[姓名]", "并写信到[地址]", "或打电话到[号码]"],
    ],
}
"""The pieces of a sentence, one for each placeholder that is asked for."""

STOP = {"en": ".", "zh": "。"}

TASKS = {
    "en": {
        "advert": "an advert", "advice": "some advice", "compare": "a comparison",
        "describe": "a description",
        "email": "an email", "explain": "an explanation", "howto": "instructions", "letter": "a letter",
        "opinion": "an opinion", "plan": "a plan", "review": "a review", "speech": "a speech",
        "story": "a story", "summary": "a summary",
    },
    "zh": {
        "advert": "广告", "advice": "建议", "compare": "比较", "describe": "描写", "email": "邮件",
        "explain": "解释", "howto": "步骤说明", "letter": "信", "opinion": "观点", "plan": "计划",
        "review": "评价", "speech": "发言", "story": "故事", "summary": "总结",
    },
}  # fmt: skip
"""How the thinking names a task."""


def as_written(word: str, seed: Seed) -> str:
    """`word` in the case that the seed's sentences use."""
    found = re.search(re.escape(word), " ".join(seed.points), re.IGNORECASE)
    return found.group() if found else word


def gists(sentences: Iterable[str], seed: Seed) -> list[str]:
    """A word that says what each sentence is about: a keyword of the seed, or else a long word.

    No word is used twice unless the sentence has no other.
    """
    found: list[str] = []
    for sentence in sentences:
        options = [word for word in seed.keywords if word.lower() in sentence.lower()]
        if seed.language == "zh":
            options.append(sentence[:4])
        else:
            words = [word.lower() for word in re.findall(r"\w+", sentence)]
            options += sorted(words, key=lambda word: (word.endswith("ly"), -len(word)))
        found.append(next((word for word in options if word not in found), options[0]))
    return found
