"""RLVR-IFeval's functions about paragraphs, marks, fixed texts and formats: `rlvr:` and upstream's name."""

from __future__ import annotations

import random
from typing import Any

from raif.constraints.format import json_outcome
from raif.constraints.iftrain.common import no_kwargs, single
from raif.constraints.iftrain.older_words import ALONE, Number, Several
from raif.constraints.kind import Example, Material, Outcome, Text, compare, exactly, kind
from raif.text.search import literal_stretches

_OPTIONS = ["My answer is yes.", "My answer is no.", "My answer is maybe."]
_DIVIDERS = "* * *", "******"


def _draw_number(low: int, high: int) -> Any:
    return lambda rng, material: {"N": rng.randint(low, high)}


def _draw_paragraph(rng: random.Random, material: Material) -> dict[str, Any]:
    number = rng.randint(2, 4)
    return {"N": number, "i": rng.randint(1, number), "first_word": single(rng, material)}


@kind(
    "rlvr:verify_paragraph_count",
    wordings={
        "en": ("Write {N:paragraph} and put the markdown divider * * * between them.",),
        "zh": ("回答应有{N}段，段间用 * * * 分隔。",),
    },
    draw=_draw_number(2, 4),
    conflicts=ALONE,
    examples=(Example(True, "Tea\n* * *\nMilk", {"N": 2}), Example(False, "Tea\n***\nMilk", {"N": 2})),
)
def verify_paragraph_count(response: str, *, N: Number) -> Outcome:
    """Only `* * *` divides, and no part may be blank."""
    text = "\n".join(line.strip() for line in response.splitlines()).strip()
    parts = text.split(_DIVIDERS[0])
    if not all(part.strip() for part in parts):
        return Outcome(False, "a blank paragraph")
    return exactly(len(parts), N, "paragraphs")


@kind(
    "rlvr:validate_paragraphs",
    wordings={
        "en": (
            "Make it {N:paragraph} with blank lines in between, and open paragraph {i} with the word "
            '"{first_word}".',
        ),
        "zh": ("共{N}段，段间空一行，第{i}段以“{first_word}”开头。",),
    },
    draw=_draw_paragraph,
    conflicts=ALONE,
    examples=(
        Example(True, "Tea\n\nMilky tea", {"N": 2, "i": 2, "first_word": "Milk"}),
        Example(False, "Tea\n\nmilk", {"N": 2, "i": 2, "first_word": "Milk"}),
    ),
)
def validate_paragraphs(response: str, *, N: Number, first_word: str, i: int) -> Outcome:
    """Paragraphs stand between two line breaks; the start is compared with case, and 0 means the last one."""
    parts = response.split("\n\n")
    if len(parts) != N or not -len(parts) < i <= len(parts):
        return Outcome(False, f"{len(parts)} paragraphs, asked for exactly {N}")
    start = parts[i - 1].strip()
    return Outcome(start.startswith(first_word), f'paragraph {i} starts with "{start[:40]}"')


@kind(
    "rlvr:verify_postscript",
    wordings={
        "en": ("Close with a postscript that opens with {postscript_marker}",),
        "zh": ("请在回答末尾加上以 {postscript_marker} 开头的附言。",),
    },
    draw=lambda rng, material: {"postscript_marker": rng.choice(("P.S.", "P.P.S"))},
    conflicts=ALONE,
    examples=(
        Example(True, "Tea.\nP.S. More.", {"postscript_marker": "P.S."}),
        Example(False, "Tea.\nP.S.", {"postscript_marker": "P.S."}),
    ),
)
def verify_postscript(response: str, *, postscript_marker: str) -> Outcome:
    """More than the marker follows from its first place on, wherever that is; case matters."""
    _, found, rest = response.partition(postscript_marker) if postscript_marker else ("", "", response)
    passed = (bool(found) or not postscript_marker) and len((found + rest).strip()) > len(postscript_marker)
    return Outcome(passed, f"{'a' if passed else 'no'} postscript {postscript_marker}")


@kind(
    "rlvr:validate_placeholders",
    wordings={
        "en": ("Use at least {N:placeholder} in square brackets, such as [address].",),
        "zh": ("至少使用{N}个方括号占位符，例如 [地址]。",),
    },
    draw=_draw_number(1, 4),
    conflicts=ALONE,
    examples=(Example(True, "[name] at []", {"N": 2}), Example(False, "[[name]]", {"N": 2})),
)
def validate_placeholders(response: str, *, N: Number) -> Outcome:
    """From a bracket to the next closing one on its line, with anything or nothing between them."""
    return compare(sum(1 for _ in literal_stretches("[", "]", response)), "at least", N, "placeholders")


@kind(
    "rlvr:verify_bullet_points",
    wordings={
        "en": ("List exactly {N:bullet point} in markdown, such as: * Tea.",),
        "zh": ("回答必须正好有{N}个 markdown 要点，例如：* 茶。",),
    },
    draw=_draw_number(2, 5),
    conflicts=ALONE,
    examples=(Example(True, "* a\n**b**", {"N": 2}), Example(False, "• a\n* b", {"N": 2})),
)
def verify_bullet_points(response: str, *, N: Number) -> Outcome:
    """Lines that start with `*` or `-`, also `**bold**` and `---`."""
    found = sum(1 for line in response.split("\n") if line.strip().startswith(("*", "-")))
    return exactly(found, N, "bullets")


@kind(
    "rlvr:validate_title",
    wordings={
        "en": ("Somewhere it needs a title in double angular brackets, like <<song of rain>>.",),
        "zh": ("回答必须有一个放在双尖括号里的标题，例如 <<喜悦之诗>>。",),
    },
    draw=no_kwargs,
    conflicts=ALONE,
    examples=(Example(True, "<<Tea>> It is hot.", {}), Example(False, "<Tea> It is hot.", {})),
)
def validate_title(response: str) -> Outcome:
    """Also an empty one, `<<>>`."""
    found = next(literal_stretches("<<", ">>", response), None)
    return Outcome(found is not None, f"title {found}" if found else "no title")


@kind(
    "rlvr:validate_choice",
    wordings={
        "en": ("Pick one of these as your whole answer: {options}",),
        "zh": ("请用以下选项之一作答：{options}",),
    },
    draw=lambda rng, material: {"options": _OPTIONS},
    conflicts=ALONE,
    examples=(
        Example(True, "I say yes today.", {"options": ["yes", "no"]}),
        Example(False, "Yes.", {"options": ["yes", "no"]}),
    ),
)
def validate_choice(response: str, *, options: Several) -> Outcome:
    """One of them occurs anywhere, in the same case."""
    found = next((option for option in options if option in response), None)
    return Outcome(found is not None, f"contains {found!r}" if found is not None else "none of the options")


@kind(
    "rlvr:validate_highlighted_sections",
    wordings={
        "en": ("Stress no fewer than {N:phrase} in markdown, *like so*.",),
        "zh": ("用 markdown 至少突出{N}处，即 *突出的部分*。",),
    },
    draw=_draw_number(1, 4),
    conflicts=ALONE,
    examples=(Example(True, "**tea**", {"N": 2}), Example(False, "*tea*", {"N": 2})),
)
def validate_highlighted_sections(response: str, *, N: Number) -> Outcome:
    """From an asterisk to the next on its line, with anything or nothing between them: `**a**` is two."""
    return compare(sum(1 for _ in literal_stretches("*", "*", response)), "at least", N, "highlights")


@kind(
    "rlvr:validate_sections",
    wordings={
        "en": ("Divide it into {N:section}, each of which begins with {section_splitter} on a new line.",),
        "zh": ("回答必须有{N}个部分，每部分以 {section_splitter} 开头。",),
    },
    draw=lambda rng, material: {"N": rng.randint(2, 4), "section_splitter": rng.choice(("Section", "PART"))},
    conflicts=ALONE,
    examples=(
        Example(True, "Part 1\na\nPart 2\nb", {"N": 2, "section_splitter": "Part"}),
        Example(False, "So:\nPart 1\na\nPart 2\nb", {"N": 2, "section_splitter": "Part"}),
    ),
)
def validate_sections(response: str, *, N: Number, section_splitter: Text) -> Outcome:
    """What stands before the first splitter is a section, too, unless it is empty."""
    first, *others = response.split(section_splitter)
    return exactly(len(others) + bool(first), N, "sections")


@kind(
    "rlvr:validate_json_format",
    wordings={
        "en": ("The entire output should be wrapped in JSON format.",),
        "zh": ("整个输出必须是 JSON。",),
    },
    draw=no_kwargs,
    conflicts=ALONE,
    examples=(Example(True, '{"tea": NaN}', {}), Example(False, '```json\n{"tea": 1}\n```', {})),
)
def validate_json_format(response: str) -> Outcome:
    """As Python reads it. A code fence is not removed."""
    return json_outcome(response)


@kind(
    "rlvr:validate_repeat_prompt",
    wordings={
        "en": ('First, repeat the request without change, then give your answer: "{original_prompt}"',),
        "zh": ("请先一字不差地重复这个请求，再作答：“{original_prompt}”",),
    },
    draw=lambda rng, material: {"original_prompt": material.prompt or "Name a town by the sea."},
    conflicts=ALONE,
    examples=(
        Example(True, "Why? Because.", {"original_prompt": "Why?"}),
        Example(False, "why? Because.", {"original_prompt": "Why?"}),
    ),
)
def validate_repeat_prompt(response: str, *, original_prompt: str) -> Outcome:
    """In the same case. A request that begins with white space is never matched in a stripped answer."""
    passed = response.startswith(original_prompt)
    return Outcome(passed, f"the response {'starts' if passed else 'does not start'} with the request")


@kind(
    "rlvr:validate_two_responses",
    wordings={
        "en": ("Answer in two different ways, with six asterisks between the answers: ******.",),
        "zh": ("请给出两个不同的回答，用六个星号（******）隔开。",),
    },
    draw=no_kwargs,
    conflicts=ALONE,
    examples=(Example(True, "Yes\n******\nNo", {}), Example(False, "Yes\n******\nYes", {})),
)
def validate_two_responses(response: str) -> Outcome:
    """Exactly one divider; one of the sides may be empty."""
    parts = [part.strip() for part in response.split(_DIVIDERS[1])]
    if len(parts) != 2:
        return Outcome(False, f"{len(parts)} responses, asked for exactly 2")
    return Outcome(parts[0] != parts[1], f"2 responses, {'equal' if parts[0] == parts[1] else 'different'}")


@kind(
    "rlvr:validate_end",
    wordings={
        "en": ('These must be your very last words, unchanged: "{end_phrase}"',),
        "zh": ("请以“{end_phrase}”这句话结束回答。",),
    },
    draw=lambda rng, material: {"end_phrase": "That is all you need to know."},
    conflicts=ALONE,
    examples=(
        Example(True, "Tea. The end.", {"end_phrase": "The end."}),
        Example(False, "Tea. the end.", {"end_phrase": "The end."}),
    ),
)
def validate_end(response: str, *, end_phrase: str) -> Outcome:
    """In the same case."""
    return Outcome(response.endswith(end_phrase), f'ends with "{response[-40:]}"')


@kind(
    "rlvr:validate_quotation",
    wordings={
        "en": ("All that you write stands inside one pair of double quotation marks.",),
        "zh": ("请用一对双引号（“”或英文双引号）把整个回答括起来。",),
    },
    draw=no_kwargs,
    conflicts=ALONE,
    examples=(Example(True, '"Tea."', {}), Example(False, "“Tea.”", {})),
)
def validate_quotation(response: str) -> Outcome:
    """The first and the last character are ASCII double quotation marks. A single one is both."""
    passed = response.startswith('"') and response.endswith('"')
    return Outcome(passed, f"{'' if passed else 'not '}in double quotation marks")


@kind(
    "rlvr:validate_no_commas",
    wordings={
        "en": ("In your entire response, refrain from the use of any commas.",),
        "zh": ("整个回答不得使用任何逗号。",),
    },
    draw=no_kwargs,
    conflicts=ALONE,
    examples=(Example(True, "Red and blue", {}), Example(False, "Red, blue", {})),
)
def validate_no_commas(response: str) -> Outcome:
    """Only the ASCII comma counts."""
    return Outcome("," not in response, f"{response.count(',')} commas, asked for none")
