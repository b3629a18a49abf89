"""The sentence splitter of IFTrain's kinds: not Punkt, but a chain of replacements.

It ends sentences at `.`, `?` and `!`, also without a space after them, and protects the full stops that it
knows from abbreviations, numbers and addresses. Line breaks and `。` end none.
"""

from __future__ import annotations

import re

_KEPT, _CUT = "<prd>", "<stop>"
_STARTER = (
    r"(?:Mr|Mrs|Ms|Dr|Prof|Capt|Cpt|Lt|Wherever"
    r"|(?:He|She|It|They|Their|Our|We|But|However|That|This)\s)"
)
_COMPANY = "(?:Inc|Ltd|Jr|Sr|Co)"


def _keep_all(found: re.Match[str]) -> str:
    return found[0].replace(".", _KEPT)


_STEPS = [
    (re.compile(find), put)
    for find, put in (
        (r"(Mr|St|Mrs|Ms|Dr)\.", rf"\1{_KEPT}"),
        (r"\.(com|net|org|io|gov|edu|me)", rf"{_KEPT}\1"),
        (r"([0-9])\.([0-9])", rf"\1{_KEPT}\2"),
        (r"\.{2,}", lambda found: _keep_all(found) + _CUT),
        (r"Ph\.D\.", _keep_all),
        (r"\s([A-Za-z])\. ", rf" \1{_KEPT} "),
        (rf"([A-Z]\.[A-Z]\.(?:[A-Z]\.)?) ({_STARTER})", rf"\1{_CUT} \2"),
        (r"[A-Za-z]\.[A-Za-z]\.[A-Za-z]\.", _keep_all),
        (r"[A-Za-z]\.[A-Za-z]\.", _keep_all),
        (rf" ({_COMPANY})\. ({_STARTER})", rf" \1{_CUT} \2"),
        (rf" ({_COMPANY})\.", rf" \1{_KEPT}"),
        (r" ([A-Za-z])\.", rf" \1{_KEPT}"),
        (r"\.”", "”."),
        (r'\."', '".'),
        ('!"', '"!'),
        (r'\?"', '"?'),
        (r"[.?!]", rf"\g<0>{_CUT}"),
    )
]


def split(text: str) -> list[str]:
    """The sentences. Not all stand in the text like that: marks move out of quotes, some stops are lost."""
    text = f" {text}  ".replace("\n", " ")
    for find, put in _STEPS:
        text = find.sub(put, text)
    parts = [part.strip() for part in text.replace(_KEPT, ".").split(_CUT)]
    return parts if parts[-1] else parts[:-1]
