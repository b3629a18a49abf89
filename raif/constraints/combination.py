"""Two responses in one, and the request repeated before the answer."""

from __future__ import annotations

from raif.constraints.kind import CASES, COUNTS, PROSE, Example, Outcome, Text, kind

_DIVIDER = "******"


@kind(
    "combination:two_responses",
    wordings={
        "en": (
            "Answer twice, in two different ways, and put six asterisks (******) between them.",
            "Provide exactly two different answers with ****** between them.",
            "I would like two alternative responses. Separate them with six asterisks (******).",
            "I want to choose between two answers that differ, so write both, with ****** in between.",
            "Two answers, please, that go different ways. Part them by six asterisks: ******.",
        ),
        "zh": (
            "请给出两个不同的回答，用六个星号（******）隔开。",
            "请提供正好两个不同的答案，两者之间用 ****** 分隔。",
            "我想要两种不同的回复，中间用 ****** 隔开。",
            "写两个思路不同的回答，用 ****** 分开。",
            "我想比较两种答案，请都写出来，中间放 ******。",
        ),
    },
    draw=lambda rng, material: {},
    # The divider contains that of paragraphs (with a blank one in between), and it is unclear to which of two
    # answers any other constraint applies.
    conflicts=(PROSE | COUNTS | CASES) - {"detectable_format:title", "combination:two_responses"},
    examples=(
        Example(True, "Yes.\n******\nNo.", {}),
        Example(False, "Yes.\n******\nYes.", {}),
    ),
)
def two_responses(response: str) -> Outcome:
    """Exactly two of the parts between dividers have text, and the texts differ."""
    parts = [part.strip() for part in response.split(_DIVIDER)]
    if not all(parts[1:-1]):
        return Outcome(False, "a blank response between two dividers")
    answers = [part for part in parts if part]
    if len(answers) != 2:
        return Outcome(False, f"{len(answers)} responses, asked for exactly 2")
    different = answers[0] != answers[1]
    return Outcome(different, f"2 responses, {'different' if different else 'equal'}")


@kind(
    "combination:repeat_prompt",
    wordings={
        "en": (
            "First repeat the request between the quotation marks word for word, without the marks and with "
            'nothing before it, then give your answer: "{prompt_to_repeat}"',
            "Start by repeating the quoted text exactly as it stands, leaving out the quotation marks, "
            'and answer only after that: "{prompt_to_repeat}"',
            "Before you answer, copy this request verbatim, without its quotation marks, "
            'at the very beginning: "{prompt_to_repeat}"',
            "Say this back to me word for word first, without the quotation marks, and answer below it: "
            '"{prompt_to_repeat}"',
            "Your first words are these, unchanged and unquoted, and your answer follows them: "
            '"{prompt_to_repeat}"',
        ),
        "zh": (
            "请先逐字重复引号内的请求（不含引号），前面不要说任何话，然后再给出回答：“{prompt_to_repeat}”",
            "回答开头必须原样复述引号中的这段话（不要加引号），之后再作答：“{prompt_to_repeat}”",
            "作答之前，请在最前面一字不差地抄写这个请求，不带引号：“{prompt_to_repeat}”",
            "先把下面引号里的话原样写一遍，不带引号，再回答：“{prompt_to_repeat}”",
            "回答之前，请照抄这段话，不加引号，不作改动：“{prompt_to_repeat}”",
        ),
    },
    draw=lambda rng, material: {"prompt_to_repeat": material.prompt},
    # The repeated text is given: it may violate other constraints, and it is unclear whether it counts.
    conflicts=(PROSE | COUNTS | CASES | {"keywords:forbidden_words", "language:response_language"})
    - {"detectable_format:title", "combination:repeat_prompt"},
    examples=(
        Example(True, "Say hi. Hi!", {"prompt_to_repeat": "Say hi."}),
        Example(False, "Sure. Say hi. Hi!", {"prompt_to_repeat": "Say hi."}),
    ),
)
def repeat_prompt(response: str, *, prompt_to_repeat: Text) -> Outcome:
    """The response starts with the request, in upper or lower case."""
    passed = response.strip().lower().startswith(prompt_to_repeat.strip().lower())
    return Outcome(passed, f"the response {'starts' if passed else 'does not start'} with the request")
