"""What kinds mean under the dialect `raif`, if that differs from the official check: what their words say.

The first line of a check's docstring says how. Chinese records use these meanings, too, unless a kind has one
of its own under `raif.constraints.chinese`. Importing this registers the variants.
"""

from raif.constraints.plain import (  # noqa: F401 (importing them registers)
    copying,
    counting,
    edges,
    initials,
    keywords,
    layout,
    lines,
    marks,
    paragraphs,
    proportions,
    riddles,
    rows,
    whole,
)
