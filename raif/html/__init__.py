"""Self-contained pages: a filled-in template with its style and script inside, which loads nothing else.

What models and data say is text: Jinja escapes it. The page's content security policy names the hashes of its
own style and script, so that browsers run and fetch nothing else.
"""

from __future__ import annotations

import base64
import hashlib
from functools import cache
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from pydantic_core import to_jsonable_python

from raif.html import charts


def page(template: str, **values: Any) -> str:
    """The text of `template`, named by its path under `raif`, such as `eval/page.html`, filled in."""
    text = _environment().get_template(template).render(values)
    # Half a surrogate pair doesn't fit into UTF-8: take its escape, as JSON does.
    return text.encode("utf-8", errors="backslashreplace").decode()


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
    for function in (charts.corner, charts.polygon, charts.plot, charts.trail):
        found.globals[function.__name__] = function
    found.filters |= {"sha256": _sha256}
    return found


def _sha256(text: str) -> str:
    """The form in which a content security policy names what can run."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"
