"""Self-contained pages: a filled-in template with its style, script and samples inside.

What models and data say is text: Jinja escapes it. The page's content security policy names the hashes of its
own style and script, so that browsers run and fetch nothing else. Where samples would make a page too large,
they lie in a folder beside it, and the policy allows files from there.
"""

from __future__ import annotations

import base64
import hashlib
import shutil
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from pydantic_core import to_jsonable_python

from raif.files.whole import write_whole
from raif.html import charts
from raif.html.samples import PageSample, pack

INSIDE = 4 << 20
"""Bytes of packed samples that a page holds itself."""


def write(
    path: Path,
    template: str,
    samples: Sequence[PageSample] = (),
    *,
    beside: bool | None = None,
    others: bool = False,
    **values: Any,
) -> None:
    """Fill in `template`, named by its path under `raif`, such as `eval/page.html`.

    `beside`: put the samples into a folder beside the page, named after it; None: if there are too many.
    `others`: the page reads the samples that lie beside other pages.
    """
    parts, folder = pack(samples), path.with_suffix(".samples")
    shutil.rmtree(folder, ignore_errors=True)
    if beside is None:
        beside = sum(map(len, parts.values())) > INSIDE
    if beside:
        folder.mkdir()
        for name, part in parts.items():
            (folder / f"{name}.js").write_text(f'raifPart("{part}")\n', "utf-8")
    values |= {
        "samples": len(samples),
        "parts_inside": {} if beside else parts,
        "parts_beside": folder.name if beside else "",
        "from_files": beside or others,
    }
    text = _environment().get_template(template).render(values)
    # Half a surrogate pair doesn't fit into UTF-8: take its escape, as JSON does.
    write_whole(path, text.encode("utf-8", errors="backslashreplace").decode())


@cache
def _environment() -> Environment:
    found = Environment(
        loader=PackageLoader("raif", ""),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    found.policies["json.dumps_kwargs"] = {
        "default": to_jsonable_python,
        "ensure_ascii": False,
        "separators": (",", ":"),
    }
    for function in (charts.around, charts.corner, charts.labels, charts.polygon, charts.plot, charts.trail):
        found.globals[function.__name__] = function
    found.filters |= {"sha256": _sha256}
    return found


def _sha256(text: str) -> str:
    """The form in which a content security policy names what can run."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"
