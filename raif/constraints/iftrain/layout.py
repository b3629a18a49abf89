"""How words, sentences and paragraphs are set apart, and which marks are left out."""

from __future__ import annotations

import re

from raif.constraints.iftrain.common import WHOLE, WRAPPED, no_kwargs
from raif.constraints.iftrain.splitter import split
from raif.constraints.kind import Example, Outcome, kind

_PARAGRAPHS = frozenset(
    {
        "length_constraints:number_paragraphs",
        "length_constraints:nth_paragraph_first_word",
        "count:counting_composition",
    }
)
_MARKED = frozenset(  # marks around words are part of these words
    {
        "detectable_format:multiple_sections",
        "detectable_format:number_bullet_lists",
        "detectable_format:title",
        "first_word:first_word_answer",
        "first_word:first_word_sent",
        "keywords:start_end",
        "length_constraints:nth_paragraph_first_word",
        "startend:end_checker",
        "startend:quotation",
    }
)


@kind(
    "detectable_format:sentence_hyphens",
    wordings={
        "en": (
            "Join all of your sentences with hyphens and no spaces: One.-Two. Use no other hyphens.",
            "Put a hyphen, and no space, between any two sentences; no other hyphen may occur.",
            "Connect your sentences by hyphens without spaces around them, and use hyphens for nothing else.",
        ),
        "zh": (
            "请用连字符“-”把所有句子连起来，前后不加空格，例如“第一句。-第二句。”，此外不用连字符。",
            "任何两句话之间都要有一个连字符（-），不留空格，其他地方不得使用连字符。",
            "各个句子以“-”相连，两边都不要空格，除此之外不要出现“-”。",
        ),
    },
    draw=no_kwargs,
    conflicts=WHOLE | WRAPPED | {"detectable_format:number_bullet_lists", "punctuation:punctuation_dot"},
    examples=(
        Example(True, "Tea is hot.-It is good.", {}),
        Example(False, "Tea is hot. It is good.", {}),
        Example(False, "Tea is well-known.-It is good.", {}),
    ),
)
def sentence_hyphens(response: str) -> Outcome:
    """Each part between hyphens is the sentence of that position. Parts after the last one are ignored."""
    for part, sentence in zip(response.split("-"), split(response.replace("-", " ")), strict=False):
        if part != sentence:
            return Outcome(False, f'"{part[:40]}" stands between hyphens, the sentence is "{sentence[:40]}"')
    return Outcome(True, "hyphens join the sentences")


@kind(
    "detectable_format:square_brackets",
    wordings={
        "en": (
            "Put every word in square brackets, with its punctuation inside: [Good] [morning.]",
            "Enclose each word of your answer in square brackets, marks included, like [this.]",
            "Every single word must be [in] [brackets,] together with the marks that follow it.",
        ),
        "zh": (
            "词与词之间用空格分开，每个词连同标点都放进英文方括号里，例如 [今天] [很好。]",
            "回答里用空格隔开的每一段都必须放在方括号中，如 [茶] [很热。]",
            "请给每个词加上方括号，词间留一个空格：[像] [这样。]",
        ),
    },
    draw=no_kwargs,
    conflicts=WHOLE | _MARKED | {"detectable_format:bigram_wrapping"},
    examples=(
        Example(True, "[Tea] [is] [hot.]", {}),
        Example(False, "[Tea is] [hot].", {}),
    ),
)
def square_brackets(response: str) -> Outcome:
    """What stands between white space starts with `[` and ends with `]`."""
    bare = next((word for word in response.split() if not (word[0] == "[" and word[-1] == "]")), None)
    return Outcome(bare is None, f'"{bare}" is not in brackets' if bare else "all words in brackets")


@kind(
    "detectable_format:bigram_wrapping",
    wordings={
        "en": (
            "Wrap every two words, with their punctuation, in double angular brackets: <<Good morning,>> "
            "<<dear friend.>>",
            "Take your words two by two and enclose each pair like <<this one.>>",
            "Write your answer in pairs of words, each pair in << and >>, marks inside.",
        ),
        "zh": (
            "词与词之间用空格分开，每两个词连同标点用双尖括号括起来，例如 <<我 喜欢>> <<热 茶。>>",
            "请两个词一组，每组放进 << 和 >> 之间，组内和组间都用空格隔开。",
            "每两个以空格分隔的词为一对，写成 <<甲 乙。>> 的样子。",
        ),
    },
    draw=no_kwargs,
    conflicts=WHOLE | _MARKED | {"detectable_format:square_brackets"},
    examples=(
        Example(True, "<<Tea is>> <<hot now.>>", {}),
        Example(False, "<<Tea is>> <<hot now>>.", {}),
        Example(True, "<<Tea is>> hot", {}),
    ),
)
def bigram_wrapping(response: str) -> Outcome:
    """Every second word starts with `<<`, and the one after it ends with `>>`. An odd last word is free."""
    words = response.split()
    for first, second in zip(words[::2], words[1::2], strict=False):
        if not (first.startswith("<<") and second.endswith(">>")):
            return Outcome(False, f'"{first} {second}" is not in << >>')
    return Outcome(True, "all pairs of words in << >>")


def _two(parts: list[str]) -> Outcome:
    """Whether there are two with text. Blank ones are only forgiven at the very start and end."""
    blank_ends = (not parts[0].strip()) + (len(parts) > 1 and not parts[-1].strip())
    if any(not part.strip() for part in parts[1:-1]):
        return Outcome(False, "a blank paragraph")
    return Outcome(len(parts) - blank_ends == 2, f"{len(parts) - blank_ends} paragraphs, asked for exactly 2")


@kind(
    "paragraphs:paragraphs",
    wordings={
        "en": (
            "Write two paragraphs and separate them with ***.",
            "There should be exactly two paragraphs, with the divider *** between them.",
            "Split your answer into two paragraphs by three asterisks: ***.",
        ),
        "zh": (
            "请写两段，段落之间用 *** 隔开。",
            "回答应正好有两段，中间以三个星号（***）分隔。",
            "把回答分成两段，用 *** 作分隔线。",
        ),
    },
    draw=no_kwargs,
    conflicts=WHOLE | _PARAGRAPHS | {"paragraphs:paragraphs2"},
    examples=(Example(True, "Tea.\n***\nMilk.", {}), Example(False, "Tea.\n\nMilk.", {})),
)
def paragraphs(response: str) -> Outcome:
    """`length_constraints:number_paragraphs` of two: `* * *` and blank lines are no dividers."""
    return _two(re.split(r"\s?\*\*\*\s?", response))


@kind(
    "paragraphs:paragraphs2",
    wordings={
        "en": (
            "Write exactly two paragraphs, separated by a blank line.",
            "Your answer must have two paragraphs with two line breaks between them.",
            "Use two paragraphs, and only one blank line, which divides them.",
        ),
        "zh": (
            "请正好写两段，段落之间空一行。",
            "回答必须有两段，中间隔两个换行符。",
            "全文分为两段，只用一个空行隔开。",
        ),
    },
    draw=no_kwargs,
    conflicts=WHOLE | _PARAGRAPHS | {"paragraphs:paragraphs"},
    examples=(Example(True, "Tea.\n\nMilk.", {}), Example(False, "Tea.\n \nMilk.", {})),
)
def paragraphs2(response: str) -> Outcome:
    """Two line breaks in a row divide; a blank line with a space in it does not."""
    return _two(response.split("\n\n"))


@kind(
    "punctuation:punctuation_dot",
    wordings={
        "en": (
            "Do not use any dots (.) in your answer.",
            "Your answer must not contain a single full stop or other dot.",
            "Write without dots, also at the ends of sentences and in numbers.",
        ),
        "zh": (
            "回答中不要使用句号或小数点。",
            "全文不得出现句号（。）或英文句点（.）。",
            "请避免使用任何句号，可以用感叹号、问号或换行。",
        ),
    },
    draw=no_kwargs,
    conflicts=WHOLE,
    examples=(Example(True, "Tea!", {}), Example(False, "Tea.", {})),
)
def punctuation_dot(response: str) -> Outcome:
    """Only the ASCII full stop counts."""
    return Outcome("." not in response, f"{response.count('.')} dots, asked for none")


@kind(
    "punctuation:punctuation_exclamation",
    wordings={
        "en": (
            "Do not use exclamation marks in your answer.",
            "No exclamation mark may occur in your response.",
            "Avoid exclamation marks (!) altogether.",
        ),
        "zh": (
            "回答中不要使用感叹号。",
            "全文不得出现感叹号（！或 !）。",
            "请避免使用任何感叹号。",
        ),
    },
    draw=no_kwargs,
    conflicts=WHOLE,
    examples=(Example(True, "Tea.", {}), Example(False, "Tea!", {})),
)
def punctuation_exclamation(response: str) -> Outcome:
    """Only the ASCII exclamation mark counts."""
    return Outcome("!" not in response, f"{response.count('!')} exclamation marks, asked for none")
