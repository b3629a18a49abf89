"""Seeds in a model's own words: its answers to the packaged requests, taken apart into sentences.

Expert answers teach a model least about style, and so harm it least, if it could have written them itself.
The built-in responder chooses among these sentences as it does among the packaged ones.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Sequence
from itertools import chain, repeat
from pathlib import Path
from typing import Literal

from raif.config.retell import RetellConfig
from raif.data.builtin.seeds import Point, Seed, all_seeds
from raif.data.builtin.words import length_of
from raif.errors import ConfigError, RaifError, did_you_mean
from raif.files import jsonl
from raif.files.runs import open_run
from raif.models.load import PREFIX
from raif.text import chinese, sentences

Ask = Callable[[Sequence[str], int], list[str]]
"""Answers to requests, in order; the number seeds them."""

ANSWERS, RETELLINGS = "answers.jsonl", "retellings.jsonl"
_FOLDER, _COMPRESSED = Path(__file__).with_name("answers"), ".jsonl.gz"
"""Of packaged models' answers: ANSWERS of `--preset retell`, compressed."""
POINTS = 11
"""Sentences that a seed has at least."""
_LEVELS: tuple[Literal[1, 2, 3], ...] = (1, 1, 1, 2, 2, 2)
_REST: Literal[3] = 3
"""The levels of an answer's first sentences, and of all others."""
_SENTENCE = {"en": re.compile(r"[A-Z].*[.!?]"), "zh": re.compile(r".*[。！？]")}
_LISTED = re.compile(r"^\s*(?:[-*#>|]|\d+[.)、])", re.MULTILINE)
_OF_ITSELF = re.compile(r"\bAI\b|\b(?:language model|virtual assistant|Hugging Face)\b|人工智能助手|语言模型")
_LONGEST = {"en": 40, "zh": 80}
"""Words or characters of a usable sentence."""
_MARKED, _DROPPED = re.compile(r"[,:;\"()\[\]\d，：；“”（）]"), re.compile(r"[,;\"()，；“”（）]")
_WORD = re.compile(r"\b[a-z]{5,}\b")


def retell(
    config: RetellConfig,
    folder: Path,
    ask: Ask,
    progress: Callable[[int, int], None] = lambda done, total: None,
    *,
    resume: bool | Literal["auto"] = False,
    overwrite: bool = False,
) -> list[Seed]:
    """Write the model's answers and the seeds that they become into `folder`.

    `progress` is called with (requests answered, requests in all). What was answered is kept: a resumed run
    asks for the rest, and ends with the same seeds. Raises ConfigError if the folder holds a run.
    """
    open_run(folder, config, resume=resume, overwrite=overwrite)
    asked = _requests(config)
    path = folder / ANSWERS
    answered = {row["id"]: row["answers"] for row in jsonl.finished(path)}
    jsonl.drop_torn_line(path)
    with path.open("a", encoding="utf-8") as file:
        size = max(1, config.local.batch // config.samples)
        for start in range(0, len(asked), size):
            part = asked[start : start + size]
            if any(seed.id not in answered for seed in part):
                prompts = [seed.prompt for seed in part for _ in range(config.samples)]
                found = ask(prompts, config.seed + start * config.samples)
                for n, seed in enumerate(part):
                    answered[seed.id] = found[n * config.samples : (n + 1) * config.samples]
                    row = {"id": seed.id, "prompt": seed.prompt, "answers": answered[seed.id]}
                    file.write(json.dumps(row, ensure_ascii=False) + "\n")
                file.flush()
            progress(len(answered), len(asked))
    made = list(chain.from_iterable(in_other_words(seed, answered[seed.id]) for seed in asked))
    if not made:
        raise RaifError(
            f"none of the {len(asked)} requests has an answer of at least four whole sentences",
            f"Read {path}; raise `samples` or `max_new_tokens`, or take another model.",
        )
    jsonl.write(folder / RETELLINGS, made)
    return made


def retold(source: str, seeds: Sequence[Seed]) -> tuple[Seed, ...]:
    """What a file of retellings has instead of these seeds: other answers to the same requests.

    `source`: its path, or `packaged:NAME`, a packaged model. Raises ConfigError if it has none or if there
    are no packaged answers of the model, and RecordError for a line that is no seed.
    """
    if source.startswith(PREFIX):
        known = {seed.id: seed for seed in seeds}
        answered = _packaged(source.removeprefix(PREFIX)).items()
        own = (in_other_words(known[id], answers) for id, answers in answered if id in known)
        found = tuple(chain.from_iterable(own))
    else:
        prompts = {seed.prompt for seed in seeds}
        found = tuple(seed for seed in jsonl.read(source, Seed) if seed.prompt in prompts)
    if not found:
        raise ConfigError(
            f"retellings: {source} answers none of these requests",
            "`raif gen-data --preset retell` makes such a file, for the languages that it is told.",
        )
    return found


def _packaged(model: str) -> dict[str, list[str]]:
    """The packaged answers of a model, by the ids of the seeds."""
    known = [path.name.removesuffix(_COMPRESSED) for path in sorted(_FOLDER.glob(f"*{_COMPRESSED}"))]
    if model not in known:
        raise ConfigError(f"retellings: no packaged answers of {model!r}", did_you_mean(model, known))
    return {row["id"]: row["answers"] for _, row in jsonl.objects(_FOLDER / f"{model}{_COMPRESSED}")}


def asking(config: RetellConfig) -> Ask:
    """Loads the model. Raises ConfigError if none is named, and RaifError if it can't be loaded."""
    from raif.models.local import LocalModel
    from raif.types import Message

    if config.model is None:
        raise ConfigError("model: no model is named that could answer", "Give --set model=MODEL.")
    model = LocalModel(config.model, dtype=config.local.compute, device=config.local.device)

    def ask(prompts: Sequence[str], seed: int) -> list[str]:
        turns = [(Message(role="user", content=prompt),) for prompt in prompts]
        found = model.chat(
            turns,
            max_new_tokens=config.max_new_tokens,
            temperature=config.temperature,
            seeds=range(seed, seed + len(turns)),
        )
        return [each.text for each in found]

    return ask


def _requests(config: RetellConfig) -> list[Seed]:
    """The seeds to be answered; requests of similar length stand together, as batches are padded."""
    chosen = [seed for seed in all_seeds() if seed.language in config.languages]
    lengths = {seed.id: length_of(seed.prompt, seed.language) for seed in chosen}
    if config.longest:
        chosen = [seed for seed in chosen if lengths[seed.id] <= config.longest]
    return sorted(chosen, key=lambda seed: lengths[seed.id])


def in_other_words(seed: Seed, answers: Sequence[str]) -> Iterator[Seed]:
    """A seed for each answer of four sentences or more.

    What it lacks for a long answer is taken from the other answers, and last from the packaged one. The
    request, the title and the postscript stay as they are.
    """
    drafts = [usable(answer, seed.language) for answer in answers]
    packaged = [point.text for point in seed.points]
    for number, draft in enumerate(drafts):
        if len(draft) < 4:
            continue
        others = [*drafts[number + 1 :], *drafts[:number], packaged]
        texts = list(dict.fromkeys(chain(draft, *others)))[: max(POINTS, len(draft))]
        levels = [*_LEVELS[: len(draft)], *repeat(_REST, len(texts))]
        points = tuple(
            Point(level=level, text=text, plain=plain(text))
            for level, text in zip(levels, texts, strict=False)
        )
        made = {
            "id": f"{seed.id}-{number}",
            "points": points,
            "second": next((tuple(other[:3]) for other in others[:-1] if len(other) >= 3), seed.second),
            "keywords": _keywords(seed, " ".join(texts)),
            "greeting": "",
            "farewell": "",
        }
        yield seed.model_copy(update=made)


def usable(answer: str, language: str) -> list[str]:
    """The whole sentences of an answer, each once; none of an answer with a list or a heading, or in which
    the model speaks of itself.
    """
    if _LISTED.search(answer) or _OF_ITSELF.search(answer):
        return []
    text = " ".join(answer.split())
    found = chinese.sentences(text) if language == "zh" else sentences(text)
    return [
        each
        for each in dict.fromkeys(found)
        if _SENTENCE[language].fullmatch(each) and 4 <= length_of(each, language) <= _LONGEST[language]
    ]


def plain(text: str) -> str:
    """The sentence without commas, colons, quotation marks, brackets and digits; empty if it has none, or
    can't do without.
    """
    if not _MARKED.search(text):
        return ""
    bare = _DROPPED.sub("", text)
    return "" if _MARKED.search(bare) else bare


def _keywords(seed: Seed, text: str) -> tuple[str, ...]:
    """The seed's own that occur in the text, then the text's longest words."""
    own = [word for word in seed.keywords if word.lower() in text.lower()]
    words = chinese.words(text) if seed.language == "zh" else _WORD.findall(text)
    longest = sorted({*words} - {*own}, key=lambda word: (-len(word), word))
    return tuple([*own, *longest][: len(seed.keywords)])
