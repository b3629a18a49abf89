"""Data is fetched over real HTTP, and kept only where it is what it should be."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from typer.testing import CliRunner

from raif.errors import ConfigError, RaifError
from raif.eval.benchmark import BENCHMARKS
from raif.eval.fetch import fetch, source
from raif_cli.main import app

REMOTE = "data/IFBench_test.jsonl"


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def mirror(tmp_path: Path) -> Iterator[tuple[Path, str]]:
    """A folder, and the address that serves it."""
    folder = tmp_path / "mirror"
    (folder / "data").mkdir(parents=True)
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(folder)))
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    yield folder, f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def test_every_benchmark_has_a_source_where_it_looks_for_its_data() -> None:
    for name in BENCHMARKS:
        place = BENCHMARKS[name].file
        assert all(file.to == place or file.to.startswith(f"{place}/") for file in source(name).files)


def test_an_unknown_benchmark_gets_a_suggestion() -> None:
    with pytest.raises(ConfigError, match="Did you mean 'ifeval'"):
        source("ifevall")


def test_a_file_that_is_not_what_it_should_be_is_not_kept(mirror: tuple[Path, str], tmp_path: Path) -> None:
    folder, url = mirror
    (folder / REMOTE).write_text("changed", "utf-8")
    with pytest.raises(RaifError, match="sha256 is"):
        fetch("ifbench", tmp_path / "out", url)
    assert not [path for path in (tmp_path / "out").rglob("*") if path.is_file()]


def test_a_file_that_is_not_there_is_named(mirror: tuple[Path, str], tmp_path: Path) -> None:
    with pytest.raises(RaifError, match=r"IFBench_test\.jsonl: HTTP Error 404"):
        fetch("ifbench", tmp_path / "out", mirror[1])


@pytest.mark.parity
def test_data_is_fetched_once_and_its_licence_stated(
    mirror: tuple[Path, str], benchmark_data: Path, tmp_path: Path
) -> None:
    folder, url = mirror
    content = (benchmark_data / "ifbench" / "IFBench_test.jsonl").read_bytes()
    (folder / REMOTE).write_bytes(content)
    arguments = ["eval", "fetch", "ifbench", "--to", str(tmp_path / "out"), "--url", url]
    first = CliRunner().invoke(app, arguments)
    assert first.exit_code == 0
    assert "ODC-BY-1.0" in first.stderr
    assert (tmp_path / "out" / "ifbench" / "IFBench_test.jsonl").read_bytes() == content
    (folder / REMOTE).unlink()
    assert CliRunner().invoke(app, arguments).exit_code == 0
