"""What the sample browser shows, in the form that `samples.js` reads, packed so that pages stay small.

A page's samples are parts of JSON as gzip in base64, which `packed.js` unpacks. One part, the index, lists
all samples; the others have their texts, and are unpacked when one of their samples is opened or all are
searched.
"""

from __future__ import annotations

import base64
import gzip
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from pydantic_core import to_jsonable_python

Mark = Literal["passed", "partly", "failed", "undecided"]
INDEX = "index"
PART = 1 << 19
"""Characters of JSON after which a part ends."""
START = 200
"""Characters of the prompt that the list shows."""


@dataclass(frozen=True, slots=True)
class Shown:
    """One response. `notes`: short facts about it. `verdicts`: each with id, passed, reason and active."""

    name: str
    thinking: str
    answer: str
    notes: Sequence[str]
    verdicts: Sequence[Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class PageSample:
    """One item with its responses side by side.

    `messages`: pairs of role and text. `facets`: the filters that find it, values by name. `replies`: the
    judge's, by request. `score`: in [0, 1], for the comparison of two models.
    """

    id: str
    mark: Mark
    messages: Sequence[tuple[str, str]]
    responses: Sequence[Shown]
    facets: Mapping[str, Sequence[str]]
    replies: Mapping[str, str] = field(default_factory=dict)
    score: float | None = None


def mark(score: float | None) -> Mark:
    """A score in [0, 1] in one word."""
    if score is None:
        return "undecided"
    return "passed" if score >= 1 else "failed" if score <= 0 else "partly"


def pack(samples: Sequence[PageSample]) -> dict[str, str]:
    """The parts by name: the index, then numbered ones."""
    index, parts, size = list[Mapping[str, Any]](), list[list[str]]([[]]), 0
    for one in samples:
        if size > PART:
            parts.append([])
            size = 0
        index.append(
            {
                "id": one.id,
                "mark": one.mark,
                "score": one.score,
                "facets": one.facets,
                "start": one.messages[-1][1][:START],
                "part": len(parts) - 1,
                "place": len(parts[-1]),
            }
        )
        texts = _json({"messages": one.messages, "responses": one.responses, "replies": one.replies})
        parts[-1].append(texts)
        size += len(texts)
    numbered = {str(n): _packed(f"[{','.join(part)}]") for n, part in enumerate(parts)}
    return {INDEX: _packed(_json(index)), **numbered}


def _json(value: Any) -> str:
    return json.dumps(value, default=to_jsonable_python, ensure_ascii=False, separators=(",", ":"))


def _packed(text: str) -> str:
    """The same text gives the same part. Half a surrogate pair doesn't fit into UTF-8: its escape does."""
    return base64.b64encode(gzip.compress(text.encode("utf-8", "backslashreplace"), mtime=0)).decode()
