"""A kind in its own package: importing this module registers it. The entry point makes raif import it."""

from raif.constraints.kind import Example, Outcome, kind


@kind(
    "example:ends_with_question",
    wordings={"en": ("End with a question.",), "zh": ("请以问句结尾。",)},
    draw=lambda rng, material: {},
    examples=(Example(True, "Ready?", {}), Example(False, "Ready.", {})),
)
def ends_with_question(response: str) -> Outcome:
    """The last character is a question mark, ASCII or full-width."""
    return Outcome(response.rstrip().endswith(("?", "？")), f"ends with {response.rstrip()[-1:]!r}")
