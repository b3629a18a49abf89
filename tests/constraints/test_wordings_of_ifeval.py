"""Our wordings are our own: what we train on isn't what IFEval asks with."""

from __future__ import annotations

import json
import os
import random
import re
from dataclasses import replace
from pathlib import Path

import pytest

from raif.constraints import KINDS
from raif.data.builtin.seeds import all_seeds

FOLDER = os.environ.get("RAIF_BENCHMARK_DATA", "")
FILE = Path(FOLDER, "ifeval", "input_data.jsonl")
RUN = 7
"""So many words in a row are no coincidence."""
GIVEN = {"detectable_format:constrained_response"}
"""The checker dictates the three options that its wording has to quote."""

needs_ifeval = pytest.mark.skipif(not FILE.is_file(), reason="needs IFEval's prompts in RAIF_BENCHMARK_DATA")


def words(text: str) -> list[str]:
    """In lower case, with one word for any number."""
    return re.findall(r"[a-z0-9']+", re.sub(r"\d+", "0", text.lower()))


def runs(text: str, length: int) -> set[str]:
    found = words(text)
    return {" ".join(found[n : n + length]) for n in range(len(found) - length + 1)}


@pytest.fixture(scope="module")
def prompts() -> list[str]:
    return [json.loads(line)["prompt"] for line in FILE.read_text("utf-8").splitlines()]


def asked() -> list[tuple[str, str]]:
    """Every English wording with values, and with either relation."""
    found = []
    for kind in (KINDS[id] for id in KINDS if id not in GIVEN):
        if kind.check.__module__.startswith("raif.constraints.ifbench."):
            continue  # they are a benchmark's own, and never drawn
        for wording in kind.wordings["en"]:
            one = replace(kind, wordings={"en": (wording,)})
            for relation in ("at least", "less than"):
                kwargs = {
                    name: relation if name.endswith("relation") else value
                    for name, value in kind.examples[0].kwargs.items()
                }
                found.append((kind.id, one.ask(random.Random(0), "en", kwargs)))
    return found


@needs_ifeval
def test_no_sentence_of_a_wording_is_in_a_prompt(prompts):
    known = [" ".join(words(prompt)) for prompt in prompts]
    sentences = [(id, sentence) for id, text in asked() for sentence in re.split(r"(?<=[.!?:])\s+", text)]
    long = [(id, " ".join(words(sentence))) for id, sentence in sentences if len(words(sentence)) > 2]
    assert [(id, text) for id, text in long if any(text in prompt for prompt in known)] == []


@needs_ifeval
def test_no_wording_or_request_shares_a_run_of_words_with_a_prompt(prompts):
    known = set().union(*(runs(prompt, RUN) for prompt in prompts))
    ours = [*asked(), *((seed.id, seed.prompt) for seed in all_seeds() if seed.language == "en")]
    assert [(id, shared) for id, text in ours if (shared := runs(text, RUN) & known)] == []


def test_chinese_bounds_are_grammatical():
    """少于 stands before a number, not before a verb: 出现的次数少于3次."""
    for id in KINDS:
        for wording in KINDS[id].wordings.get("zh", ()):
            assert not re.search(r"relation\}(?:出现|使用)", wording), wording
