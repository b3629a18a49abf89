"""No commas."""

from __future__ import annotations

from raif.constraints.kind import Example, Outcome, kind


@kind(
    "punctuation:no_comma",
    wordings={
        "en": (
            "Write the whole thing without commas.",
            "Leave out every comma.",
            "Your answer must not contain a single comma.",
            "No commas, please.",
            "I want a text that gets along without a single comma.",
        ),
        "zh": (
            "回答中不要使用逗号。",
            "全文不得出现逗号。",
            "请避免使用任何逗号，可以用顿号或句号。",
            "一个逗号都不要用。",
            "写作时不用逗号。",
        ),
    },
    draw=lambda rng, material: {},
    examples=(Example(True, "Red and blue.", {}), Example(False, "Red, blue.", {})),
)
def no_comma(response: str) -> Outcome:
    """Only the ASCII comma counts."""
    return Outcome("," not in response, f"{response.count(',')} commas, asked for none")
