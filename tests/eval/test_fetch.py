"""Data is downloaded over real HTTP, and kept only if its checksum is right."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path, PurePath

import pytest
from typer.testing import CliRunner

from raif.data.staged import decontaminate
from raif.errors import ConfigError, RaifError
from raif.eval.benchmark import BENCHMARKS
from raif.eval.fetch import fetch, fetch_all, source
from raif.files.benchmark_data import PLACES
from raif_cli.main import app

REMOTE, PLACE = "data/IFBench_test.jsonl", "ifbench/IFBench_test.jsonl"


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


def test_what_is_scored_is_kept_out_of_training_data() -> None:
    assert set(decontaminate.BENCHMARKS) == set(BENCHMARKS) == set(PLACES)
    for path, patterns in PLACES.values():
        assert any(PurePath(path).match(each) or each.startswith(f"{path}/") for each in patterns), path


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
    with pytest.raises(RaifError, match=r"IFBench_test\.jsonl: HTTP 404"):
        fetch("ifbench", tmp_path / "out", mirror[1])


def test_a_server_that_can_not_be_reached_is_named_with_what_to_do(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        url = f"http://127.0.0.1:{closed.getsockname()[1]}"
    with pytest.raises(RaifError, match=r"IFBench_test\.jsonl: .*Connection refused") as caught:
        fetch("ifbench", tmp_path, url)
    assert caught.value.hint == f"Download it yourself to {tmp_path / PLACE}, or try --url MIRROR."


def test_half_a_file_is_not_kept_though_no_checksum_is_known(tmp_path: Path) -> None:
    half = b"HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\nten bytes."
    with socket.create_server(("127.0.0.1", 0)) as server, ThreadPoolExecutor() as pool:
        pool.submit(_answer, server, half)
        with pytest.raises(RaifError, match="received 10 bytes, expected 20"):
            fetch("complexbench", tmp_path, f"http://127.0.0.1:{server.getsockname()[1]}")
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]


def _answer(server: socket.socket, text: bytes) -> None:
    connection, _ = server.accept()
    with connection:
        connection.recv(1 << 16)
        connection.sendall(text)


def test_a_file_without_a_known_checksum_says_so(mirror: tuple[Path, str], tmp_path: Path) -> None:
    folder, url = mirror
    (folder / "data" / "data_release.json").write_text("[]", "utf-8")
    said: list[str] = []
    fetch("complexbench", tmp_path / "out", url, said.append)
    assert "not compared" in said[-1]


def test_all_data_is_fetched_though_some_can_not_be_had(mirror: tuple[Path, str], tmp_path: Path) -> None:
    """Only ComplexBench's and Multi-IF's files are there: their checksums aren't known."""
    folder, url = mirror
    (folder / "data" / "data_release.json").write_text("[]", "utf-8")
    (folder / "multiIF_20241018.csv").write_text("key\n", "utf-8")
    arguments = ["eval", "fetch", "all", "--to", str(tmp_path / "out"), "--url", url]
    result = CliRunner().invoke(app, arguments)
    assert isinstance(result.exception, RaifError)
    missing = result.exception.message.partition(";")[0].removeprefix("not downloaded: ").split(", ")
    assert set(missing) == set(BENCHMARKS) - {"complexbench", "multi-if"}
    assert result.exception.hint.startswith("Download it yourself to ")
    assert (tmp_path / "out" / "multi-if" / "multiIF_20241018.csv").read_text() == "key\n"
    assert "ifeval: " in result.stderr


def test_where_no_data_can_be_had_no_others_are_there(mirror: tuple[Path, str], tmp_path: Path) -> None:
    with pytest.raises(RaifError) as caught:
        fetch_all(tmp_path / "out", mirror[1])
    assert caught.value.message.startswith("not downloaded: ")
    assert "the others" not in caught.value.message


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
