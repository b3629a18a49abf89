"""Prints which planted near-duplicates and contaminations the staged pipeline finds, and its false alarms.

    RAIF_BENCHMARK_DATA=FOLDER python benchmarks/dedup_recall.py

Duplicates are planted in the packaged seeds, which differ from each other; contaminations are pieces of the
benchmarks' own prompts inside other text. Without RAIF_BENCHMARK_DATA only the duplicates are measured.
"""

from __future__ import annotations

import os
import random
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from raif.config.builtin import BuiltinConfig
from raif.config.staged import DecontaminateConfig, SelectConfig
from raif.data import records
from raif.data.builtin.seeds import Seed, all_seeds
from raif.data.staged.decontaminate import BENCHMARKS, BenchmarkText, Lengths, Overlap, files_in, texts_of
from raif.data.staged.similarity import Seen, mostly_unspaced, tokens

Edit = Callable[[random.Random, Seed], str]


def _joined(seed: Seed, items: list[str]) -> str:
    return ("" if seed.language == "zh" else " ").join(items)


def _one_word_dropped(rng: random.Random, seed: Seed) -> str:
    items = tokens(seed.prompt)
    del items[rng.randrange(len(items))]
    return _joined(seed, items)


def _replaced(count: int) -> Edit:
    def edit(rng: random.Random, seed: Seed) -> str:
        items = tokens(seed.prompt)
        for place in rng.sample(range(len(items)), count):
            items[place] = "和" if seed.language == "zh" else "thing"
        return _joined(seed, items)

    return edit


def _politely(rng: random.Random, seed: Seed) -> str:
    return f"你好，{seed.prompt}谢谢" if seed.language == "zh" else f"Hello, {seed.prompt} Thanks"


EDITS: dict[str, Edit] = {
    "case, punctuation and spaces changed": lambda rng, seed: " ".join(
        seed.prompt.swapcase().replace("，", " , ").rstrip(".?。？").split()
    ),
    "greeting and thanks around it": _politely,
    "one word or character dropped": _one_word_dropped,
    "one word or character replaced": _replaced(1),
    "two replaced": _replaced(2),
    "three replaced": _replaced(3),
}


def duplicates() -> None:
    """Recall for each edit and language, and how many seeds are wrongly called duplicates of each other."""
    threshold = SelectConfig().near_duplicate
    seen, taken = Seen(threshold), Counter[str]()
    for seed in all_seeds():
        taken[seed.language] += seen.find(seed.prompt) is not None
        seen.add(seed.id, seed.prompt)
    for language in ("en", "zh"):
        own = [seed for seed in all_seeds() if seed.language == language]
        print(f"{language}: {taken[language]} of {len(own)} different seeds called duplicates")
        for name, edit in EDITS.items():
            rng = random.Random(0)
            found = sum(seen.find(edit(rng, seed)) is not None for seed in own)
            print(f"  {name}: {found} of {len(own)} found ({found / len(own):.1%})")


def contamination(folder: Path) -> None:
    """Recall of whole and partial prompts for each benchmark, and false alarms on built-in records."""
    own = DecontaminateConfig()
    texts = {
        name: [text for path in files for text in texts_of(name, path)]
        for name, files in files_in(folder).items()
    }
    lengths = {
        "spaced": Lengths(own.words, own.min_words),
        "unspaced": Lengths(own.characters, own.min_characters),
    }
    overlap = Overlap((text for each in texts.values() for text in each), **lengths)
    for name in BENCHMARKS:
        sample = random.Random(0).sample(texts[name], min(300, len(texts[name])))
        whole = sum(overlap.find(text.text) is not None for text in sample)
        pieces = [piece for text in sample if (piece := _piece(text, own))]
        part = sum(overlap.find(piece) is not None for piece in pieces)
        print(f"{name}: {whole} of {len(sample)} whole prompts, {part} of {len(pieces)} pieces found")
    made = [record.prompt for record in records(BuiltinConfig(count=1000, heldout_share=0))]
    alarms = [found for prompt in made if (found := overlap.find(prompt))]
    print(f"built-in records: {len(alarms)} of {len(made)} called contaminated, for these runs of words:")
    for shared, count in Counter(found.shared for found in alarms).most_common():
        print(f"  {count}: {shared}")


def _piece(text: BenchmarkText, own: DecontaminateConfig) -> str | None:
    """The shortest run of the text that counts, in other case and punctuation, inside other text."""
    items = tokens(text.text)
    length = own.characters if mostly_unspaced(items) else own.words
    if len(items) < length:
        return None
    start = random.Random(text.text).randrange(len(items) - length + 1)
    return f"Before it. {', '.join(items[start : start + length]).upper()} And after it."


def main() -> None:
    duplicates()
    if folder := os.environ.get("RAIF_BENCHMARK_DATA"):
        contamination(Path(folder))


if __name__ == "__main__":
    main()
