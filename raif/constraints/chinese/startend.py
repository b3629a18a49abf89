"""How a Chinese response ends, and whether it is wrapped in quotation marks."""

from __future__ import annotations

from itertools import accumulate

from raif.constraints.kind import Example, Outcome, variant
from raif.text import chinese

_CLOSERS = "”’」』\"'"
_STOPS = "。！？；…，、.!?;, "
_PAIRS = (('"', '"'), ("＂", "＂"), ("“", "”"), ("「", "」"), ("『", "』"))


@variant(
    "startend:end_checker",
    "zh",
    examples=(
        Example(True, "就这样。希望对你有帮助。", {"end_phrase": "希望对你有帮助。"}),
        Example(True, "就这样。希望对你有帮助！”", {"end_phrase": "希望对你有帮助"}),
        Example(False, "希望对你有帮助", {"end_phrase": "希望对你有帮助。"}),
        Example(False, "希望对你有帮助。再见！", {"end_phrase": "希望对你有帮助。"}),
        Example(True, "他说“好。”", {"end_phrase": "“好。”"}),
    ),
)
def end_checker(response: str, *, end_phrase: str) -> Outcome:
    """The phrase is the last text: only closing quotation marks follow, and a stop if the phrase has none."""
    text, phrase = chinese.fold(response).strip(), chinese.fold(end_phrase).strip()
    endings = (text, text.rstrip(_CLOSERS), text.rstrip(_CLOSERS + _STOPS))
    return Outcome(any(ending.endswith(phrase) for ending in endings), f'ends with "{text[-40:]}"')


@variant(
    "startend:quotation",
    "zh",
    examples=(
        Example(True, "“全部内容。”", {}),
        Example(True, '"全部内容。"', {}),
        Example(True, "「他说『好』。」", {}),
        Example(False, "“甲”和“乙”", {}),
        Example(False, "“全部内容。", {}),
        Example(False, "《全部内容》", {}),
    ),
)
def quotation(response: str) -> Outcome:
    """One pair of “ ”, 「 」, 『 』 or straight double quotation marks around everything."""
    text = response.strip()
    passed = any(_wraps(opening, closing, text) for opening, closing in _PAIRS)
    return Outcome(passed, f"{'' if passed else 'not '}wrapped in quotation marks")


def _wraps(opening: str, closing: str, text: str) -> bool:
    """Whether the first character opens what only the last one closes; straight marks tell no more."""
    if len(text) < 2 or text[0] != opening or text[-1] != closing:
        return False
    depths = accumulate((one == opening) - (one == closing) for one in text[:-1])
    return opening == closing or min(depths) > 0
