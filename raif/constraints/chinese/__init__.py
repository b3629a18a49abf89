"""What kinds mean in a Chinese record of the default dialect, if that differs from the official check.

The first line of a check's docstring says how. Importing this registers the variants.
"""

from raif.constraints.chinese import (  # noqa: F401 (importing them registers)
    format,
    keywords,
    length,
    older,
    style,
    training,
)
