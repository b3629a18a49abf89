"""IFTrain's 29 training kinds, and the 25 functions of RLVR-IFeval, with open-instruct's own verdicts.

IFTrain's other 25 kinds are IFEval's. Upstream's quirks are kept, because its data was made with them, and
stated where they occur. Where upstream would draw a missing value at random or raise, the kwargs are refused.
"""

from raif.constraints.iftrain import (  # noqa: F401 (importing them registers)
    copying,
    counts,
    edges,
    keywords,
    layout,
    older_format,
    older_words,
)
