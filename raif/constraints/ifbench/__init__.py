"""IFBench's 58 out-of-distribution kinds, with the verdicts of its official checker (allenai/IFBench).

Its quirks are kept, because scores are compared, and stated where they occur. The kinds have English wordings
only and name no conflicts: they come from the benchmark's file, and no data is made with them.
"""

from raif.constraints.ifbench import (  # noqa: F401 (importing them registers)
    count,
    custom,
    format,
    ratio,
    repeat,
    sentence,
    words,
)
