"""The table in docs/serve.md is what the clients get: `pytest -m nightly tests/serve/test_matrix.py`."""

from __future__ import annotations

import importlib.util
import re
import shutil
from pathlib import Path

import pytest

from tests.serve.matrix import CANNOT, REFUSED, WORKS, columns

pytestmark = pytest.mark.nightly
PAGE = Path(__file__).parents[2] / "docs" / "serve.md"
NEEDED = {"transformers": ("torch", "starlette"), "vllm": ("vllm",)}


def written(backend: str) -> dict[str, dict[str, str]]:
    """The cells of the page's table, by client and row."""
    head, _, *rows = re.findall(r"^\|.*\|$", PAGE.read_text("utf-8").partition("<!-- matrix -->")[2], re.M)
    names = [name.strip() for name in head.strip("|").split("|")]
    found: dict[str, dict[str, str]] = {}
    for row in rows:
        name, *cells = [cell.strip() for cell in row.strip("|").split("|")]
        if len(cells) != len(names) - 1:
            break  # the next table
        for heading, cell in zip(names[1:], cells, strict=True):
            client, _, server = heading.partition(", ")
            if server == backend:
                found.setdefault(client, {})[name] = cell
    return found


@pytest.mark.parametrize("backend", ["transformers", pytest.param("vllm", marks=pytest.mark.vllm)])
def test_each_parameter_works_for_each_client_as_the_table_says(backend: str) -> None:
    for name in (*NEEDED[backend], "litellm", "llm"):
        if not importlib.util.find_spec(name):
            pytest.skip(f"{name} is not installed: needs raif[clients] and the back-end {backend}")
    if not shutil.which("curl"):
        pytest.skip("curl is not installed")
    page = written(backend)
    found = columns(backend, tuple(page))
    assert found == page
    if backend == "transformers":
        cells = {cell for column in found.values() for cell in column.values()}
        assert cells == {WORKS, REFUSED, CANNOT}
