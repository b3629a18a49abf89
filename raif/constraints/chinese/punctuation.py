"""No commas in Chinese."""

from __future__ import annotations

from raif.constraints.kind import Example, Outcome, variant

_COMMAS = "，,﹐"


@variant(
    "punctuation:no_comma",
    "zh",
    examples=(
        Example(True, "红色和蓝色。", {}),
        Example(False, "红色，蓝色。", {}),
        Example(False, "红色,蓝色。", {}),
        Example(True, "红色、蓝色；绿色。", {}),
        Example(False, "共1,000元。", {}),
    ),
)
def no_comma(response: str) -> Outcome:
    """No comma (逗号), full-width or ASCII; `、` (顿号) is another mark and may stand."""
    found = sum(response.count(comma) for comma in _COMMAS)
    return Outcome(not found, f"{found} commas, asked for none")
