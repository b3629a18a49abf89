"""Prompts as shipped, and with files of the user's own."""

from __future__ import annotations

import shutil
from pathlib import Path
from string import Template
from typing import Any

import pytest

import raif.eval.benchmarks  # noqa: F401 (registers them)
from raif.config.staged import ALL_FAULTS, TOPICS
from raif.errors import ConfigError
from raif.eval.benchmark import BENCHMARKS
from raif.prompts import SHIPPED, Prompts, choose, load, load_languages


def write(folder: Path, name: str, text: str) -> Path:
    folder.mkdir(exist_ok=True)
    (folder / f"{name}.yaml").write_text(text, "utf-8")
    return folder


def test_some_names_can_be_replaced_and_the_others_stay(tmp_path: Path) -> None:
    write(tmp_path, "en", 'version: mine\nkeywords: "$count words on $request"\n')
    shipped, own = load_languages("data"), load_languages("data", tmp_path)
    assert own["en"].fill("keywords", count=2, request="tea") == "2 words on tea"
    assert own["en"].version == "mine"
    assert own["en"].templates["fuse"] == shipped["en"].templates["fuse"]
    assert own["zh"] == shipped["zh"]
    assert own["en"].digest != shipped["en"].digest


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("keywords: words on $request", r"keywords: needs \$count, \$request"),
        ("keywords: $count $request $more", r"keywords: needs \$count, \$request"),
        ("keywords: $count $request $5", r"keywords: needs \$count, \$request"),
        ("keywords: [$count, $request]", r"keywords: needs \$count, \$request"),
        ("again: $request", "again: needs a text without fields"),
        ("faults: {unsafe: Is it}", "faults: needs exactly language_inconsistency, "),
        ("faults: none", "faults: needs exactly language_inconsistency, "),
        ("kyewords: x", "kyewords: unknown name. Did you mean 'keywords'?"),
        ("- a", "not a mapping"),
        ("a: [", "not YAML"),
    ],
)
def test_a_file_that_cannot_be_used_is_named_with_the_reason(tmp_path: Path, text: str, said: str) -> None:
    write(tmp_path, "en", text)
    with pytest.raises(ConfigError, match=rf"en\.yaml: {said}"):
        load_languages("data", tmp_path)


def test_a_folder_without_any_of_the_files_is_the_users_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"no prompts: none of en\.yaml, zh\.yaml"):
        load_languages("data", tmp_path)
    write(tmp_path, "zh", "again: 再来")
    with pytest.raises(ConfigError, match=r"no en\.yaml"):
        load_languages("judge", tmp_path, only=True)


def test_the_languages_of_a_judges_own_folder_are_all_there_are(tmp_path: Path) -> None:
    write(tmp_path, "en", "again: Once more.")
    write(tmp_path, "de", "ask: $question $answer $input")
    own = load_languages("judge", tmp_path, only=True)
    assert sorted(own) == ["de", "en"]
    assert own["de"].templates["ask"] == "$question $answer $input"
    assert choose(own, "zh-cn") is own["en"]


def test_a_copy_of_the_shipped_prompts_has_their_digest(tmp_path: Path) -> None:
    shutil.copy(SHIPPED / "data" / "zh.yaml", tmp_path)
    assert load_languages("data", tmp_path)["zh"].digest == load_languages("data")["zh"].digest


@pytest.mark.parametrize("kind", ["data", "judge"])
def test_both_languages_ask_for_the_same(kind: str) -> None:
    each = load_languages(kind)
    assert set(each) == {"en", "zh"}
    assert signature(each["en"]) == signature(each["zh"])


def signature(prompts: Prompts) -> dict[str, Any]:
    fields = {name: set(Template(text).get_identifiers()) for name, text in prompts.templates.items()}
    return fields | {name: set(table) for name, table in prompts.tables.items()}


def test_the_shipped_tables_are_all_topics_and_all_faults() -> None:
    tables = load_languages("data")["en"].tables
    assert list(tables["topics"]) == list(TOPICS)
    assert len(TOPICS) == 26
    assert list(tables["faults"]) == list(ALL_FAULTS)


def test_the_prompts_of_every_judged_benchmark_can_be_loaded() -> None:
    names = [BENCHMARKS[name].prompts for name in BENCHMARKS]
    assert all(load("eval", name).templates for name in (*filter(None, names), "methods"))


@pytest.mark.parametrize(
    "path", sorted(SHIPPED.rglob("*.yaml")), ids=lambda path: f"{path.parent.name}-{path.stem}"
)
def test_each_shipped_file_can_replace_itself(path: Path, tmp_path: Path) -> None:
    shutil.copy(path, tmp_path)
    found = load(path.parent.name, path.stem, tmp_path)
    assert found == load(path.parent.name, path.stem)


def test_own_prompts_replace_the_shipped_ones_benchmark_by_benchmark(tmp_path: Path) -> None:
    assert load("eval", "followbench", tmp_path) == load("eval", "followbench")
    write(tmp_path, "followbench", "en_content: x")
    assert load("eval", "followbench", tmp_path).fill("en_content") == "x"


def test_a_template_that_lacks_a_field_is_named(tmp_path: Path) -> None:
    write(tmp_path, "methods", "en_pack: no fields\n")
    with pytest.raises(ConfigError, match=r"methods\.yaml: en_pack: needs \$request, \$thinking"):
        load("eval", "methods", tmp_path)
