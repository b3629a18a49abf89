"""Whose word tokens and sentence ends: NLTK's differ by release. Neither depends on the one installed.

| | `'rain` | `hot—tea` | `.”` and `!»` |
|---|---|---|---|
| 3.9 | one token | one token | end no sentence |
| 3.10 | the apostrophe is a token | three tokens | end one |

`'rain` stands for an ASCII apostrophe before a word, the dashes are U+2012 to U+2015.
"""

from __future__ import annotations

from typing import Literal

Release = Literal["3.9", "3.10"]
PUBLISHED: Release = "3.9"
"""NLTK 3.9.1 and 3.9.2. The official checkers ran with them when scores were published, and open-instruct
pins the latter. All official semantics use it."""
CURRENT: Release = "3.10"
"""NLTK 3.10.2 and later: for English under the dialect `raif`."""
