"""BLEU (Papineni et al. 2002) of one text against another, over characters."""

from __future__ import annotations

import math
import sys
from collections import Counter

_ORDERS = (1, 2, 3, 4)


def character_bleu(hypothesis: str, reference: str) -> float:
    """BLEU-4 in [0, 1] with equal weights and the standard brevity penalty: NLTK's `corpus_bleu` of one pair.

    As there, nothing is smoothed. Without a common character the result is 0; without a common n-gram of
    higher order it is practically 0, because that precision counts as the smallest positive float.
    """
    precisions = [_precision(hypothesis, reference, order) for order in _ORDERS]
    if not precisions[0]:
        return 0.0
    mean = math.fsum(math.log(p or sys.float_info.min) for p in precisions) / len(_ORDERS)
    return math.exp(mean + min(0.0, 1 - len(reference) / len(hypothesis)))


def _precision(hypothesis: str, reference: str, order: int) -> float:
    found, wanted = _grams(hypothesis, order), _grams(reference, order)
    common = sum(min(count, wanted[gram]) for gram, count in found.items() if gram in wanted)
    return common / max(1, found.total())


def _grams(text: str, order: int) -> Counter[str]:
    return Counter(text[start : start + order] for start in range(len(text) - order + 1))
