"""IFBench's 58 out-of-distribution kinds, with the verdicts of its official checker (allenai/IFBench).

Its quirks are kept, since scores are compared, and said where they are. They are asked in English only, and
name no conflicts: they come from the benchmark's file, and no data is made of them.
"""

from raif.constraints.ifbench import (  # noqa: F401 (importing them registers)
    count,
    custom,
    format,
    letters,
    marks,
    ratio,
    repeat,
    sentence,
    tables,
    words,
)
