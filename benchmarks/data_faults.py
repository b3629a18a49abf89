"""Counts faults of built-in data: python benchmarks/data_faults.py [RECORDS [PRESET]] (10,000 of `composed`)

Half of the records are Chinese. Each row is a class of faults: how many records have it, and of how many
that could have it. It also counts those of an earlier version: check one out, and run this file with
PYTHONPATH set to it. With IFEval's prompts in RAIF_BENCHMARK_DATA it also looks for their sentences.
"""

from __future__ import annotations

import json
import os
import re
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from itertools import product
from pathlib import Path

import yaml

from raif.config import load
from raif.config.builtin import BuiltinConfig
from raif.constraints.satisfiable import contradiction
from raif.constraints.tree import active
from raif.data import records
from raif.data.builtin.seeds import all_seeds
from raif.types import Composition, Constraint, Instruction
from raif.verdicts.checks import verify

SEEDS = {seed.id: seed for seed in all_seeds()}
FILLER = re.compile(
    "comes first in this part|is the first word here|opens this part|Keep the word .* in mind"
    "|Remember .* as well|One more thought goes|The key word here|All of this comes back"
    "|main idea in a few words|always a little more to say|has its own place|different on another day"
    "|take one thing at a time"
    r"|Written by \[|Ask for \[contact|Contact \[name|放在这里先说|是这一段的开头|值得先提一句|这里的关键是"
    r"|也请记住|这一切都离不开|最后再说说|请不要忘了|大致的意思就是|每一点都有它|作者\[|联系人是\[|请联系\[",
    re.IGNORECASE,
)
STEPS = ("howto", "plan", "fix")
Found = Iterable[tuple[str, bool]]
"""A class of faults, and whether a record that could have it does."""


def counting(record: Instruction) -> list[bool]:
    """For each check whether it counts."""
    return active(record.composition, [True] * (len(record.constraints) + len(record.questions)))


def active_constraints(record: Instruction) -> list[Constraint]:
    """Those that count."""
    return [one for one, counts in zip(record.constraints, counting(record), strict=False) if counts]


def kwargs_of(record: Instruction, id: str) -> list[dict[str, object]]:
    """Those of the constraints of this kind that count."""
    return [constraint.kwargs for constraint in active_constraints(record) if constraint.id == id]


def points(record: Instruction) -> list[str]:
    """The seed's sentences that everybody would begin with: the plain answer."""
    seed = SEEDS[record.provenance["seed"]]
    texts = [getattr(point, "text", point) for point in seed.points]
    level = {"short": 1, "middle": 2, "long": 3}.get(record.provenance.get("level", ""), 0)
    if level:
        return [point.text for point in seed.points if point.level <= level]
    return texts[:4]


def plain(record: Instruction) -> str:
    seed = SEEDS[record.provenance["seed"]]
    text = ("" if record.language == "zh" else " ").join(points(record))
    greeting, farewell = getattr(seed, "greeting", ""), getattr(seed, "farewell", "")
    return "\n\n".join(part for part in (greeting, text, farewell) if part)


def of_answers(record: Instruction) -> Found:
    answer = record.expert.answer if record.expert else ""
    yield "answer fails a constraint", verify(record, answer, loose=False).followed is False
    yield "filler in the answer", bool(FILLER.search(answer))
    if record.language == "en" and not kwargs_of(record, "punctuation:no_comma"):
        yield "no comma, digit or colon in an English answer", not re.search("[,:0-9]", answer)
    if record.provenance["task"] in ("email", "letter") and "{" not in answer[:12]:
        line = answer.strip('"“').split("\n")
        yield (
            "a letter without a greeting line",
            not any(len(each) < 40 and not each.endswith(".") for each in line[:4]),
        )
    sentences = re.split(r"(?<=[.!?。！？])", answer)
    yield "a stub of at most two sentences", sum(len(each) > 3 for each in sentences) <= 2
    for kwargs in kwargs_of(record, "detectable_format:multiple_sections"):
        heads = re.findall(rf"{kwargs['section_spliter']} \d+$", answer, re.MULTILINE)
        yield "another number of sections than asked for", len(heads) != kwargs["num_sections"]
        step = kwargs["section_spliter"] in ("Step", "步骤")
        yield "sections called steps in what has none", step and record.provenance["task"] not in STEPS
    for kwargs in kwargs_of(record, "startend:end_checker"):
        yield "the exact phrase in another case", str(kwargs["end_phrase"]) not in answer
    for kwargs in kwargs_of(record, "detectable_content:postscript"):
        shouted = kwargs_of(record, "change_case:english_capital")
        yield (
            "the postscript's marker not as written",
            not shouted and str(kwargs["postscript_marker"]) not in answer,
        )
    if kwargs_of(record, "detectable_format:title") and not kwargs_of(record, "combination:repeat_prompt"):
        yield "the title not first", not answer.strip('"“').startswith("<<")
    for _ in kwargs_of(record, "combination:two_responses"):
        own = set(
            re.split(
                r"(?<=[.。])\s*",
                " ".join(getattr(p, "text", p) for p in SEEDS[record.provenance["seed"]].points),
            )
        )
        own.discard("")
        parts = answer.split("******")
        halves = all(set(re.split(r"(?<=[.。])\s*", part.strip())) & own for part in parts)
        yield "two responses that are halves of one text", halves
    glued = re.search(r"[a-z]{2}[.!?][A-Z][a-z]", answer) if record.language == "en" else None
    yield (
        "glued sentences, double or trailing blanks",
        bool(glued) or bool(re.search(r"[^\n] {2,}[^\s\"]|[ \t]$", answer) and "{" not in answer),
    )


def of_bounds(record: Instruction) -> Found:
    text = plain(record)
    counted = counting(record)
    for constraint, counts in zip(record.constraints, counted, strict=False):
        if counts:
            single = record.model_copy(
                update={"constraints": (constraint,), "questions": (), "composition": None}
            )
            met = verify(single, text, loose=False).followed is True
            yield "a constraint that the plain answer meets", met
            if "less than" in constraint.kwargs.values():
                yield "an upper bound that the plain answer meets", met
            if constraint.id == "punctuation:no_comma":
                yield "no comma where the plain answer has none", met


def of_prompts(record: Instruction) -> Found:
    seed = SEEDS[record.provenance["seed"]]
    asked = record.prompt.removeprefix(seed.prompt)
    ending = re.search(r"[.!?。！？”\"]$", seed.prompt)
    glued = not ending and asked[:1] not in "\n"
    yield "a request glued to its constraints", glued
    yield (
        "glued sentences or blanks in the prompt",
        bool(re.search(r"[a-z][.!?][A-Z][a-z]|[a-z] {2,}| $| \n", asked)),
    )
    if "P.P.S" in asked:
        yield "a marker glued to the next sentence", bool(re.search(r"P\.P\.S [A-Z][a-z]+,? [a-z]", asked))
    if kwargs_of(record, "keywords:forbidden_words") and record.language == "en":
        few = r'the words "[^"]+" in|must not contain "[^"]+"(?:, "[^"]+")* and "'
        yield "words in the plural for one, or “not a and b”", bool(re.search(few, asked))
    if record.language == "zh":
        yield "ungrammatical 少于 (少于出现)", bool(re.search("少于(?:出现|使用)", asked))
        yield "a particle as a word (们)", "“们”" in asked


LEFT_OPEN = ("email", "letter", "speech", "advert")
"""Tasks in which a writer leaves names, dates and figures open."""
IN_POINTS = ("howto", "plan", "fix", "list", "advice")
"""Tasks of which each sentence is a step or an item."""
LENGTHS = ("length_constraints:number_words", "length_constraints:number_sentences")
BULLETS, SECTIONS = "detectable_format:number_bullet_lists", "detectable_format:multiple_sections"
PARAGRAPHS = "length_constraints:number_paragraphs"
_WORDS = Path(__file__).parents[1] / "raif" / "data" / "builtin" / "words.yaml"
EMPTY = {
    "en": set(yaml.safe_load(_WORDS.read_text("utf-8"))["common"].split()),
    "zh": re.compile(
        "的话|同一个|[一两三四五六七八九十]个|不.|没.*|[这那有].|.[以得着要遍会]|所以|才能|只能|可能|比如|大约|像是"
        "|能否|为什么|多久|多少|并且|之后|以后|上面|下面|前先|差不多|由小.+"
    ),
}
"""Words that say nothing and, in Chinese, pieces that are no words."""


def says_nothing(word: str, language: str) -> bool:
    return bool(EMPTY["zh"].fullmatch(word)) if language == "zh" else word in EMPTY["en"]  # type: ignore[union-attr]


def named(kwargs: dict[str, object]) -> list[str]:
    """The words that a constraint names."""
    lists = [kwargs.get(key, []) for key in ("keywords", "forbidden_words")]
    return [
        *(str(word) for each in lists for word in each),
        *([str(kwargs["keyword"])] if "keyword" in kwargs else []),
    ]  # type: ignore[attr-defined]


def of_words(record: Instruction) -> Found:
    own = active_constraints(record)
    words = [found for constraint in own if (found := named(constraint.kwargs))]
    for each in words:
        yield (
            "a word that says nothing, or is none",
            any(says_nothing(word, record.language) for word in each),
        )
    if len(words) > 1:
        together = [word.lower() for each in words for word in set(each)]
        yield "a word in two constraints", len(set(together)) < len(together)
    for constraint in own:
        if constraint.id in ("keywords:frequency", "keywords:letter_frequency"):
            yield "a limit of at least one", {1, "at least"} <= set(constraint.kwargs.values())


def of_layout(record: Instruction) -> Found:
    """How the sentences are divided, and what is done to their words."""
    seed, answer = SEEDS[record.provenance["seed"]], record.expert.answer if record.expert else ""
    task = record.provenance["task"]
    lines = [re.sub('[*“"]', "", line).strip().lower() for line in answer.split("\n")]
    if kwargs_of(record, BULLETS) and task in IN_POINTS:
        marked = [line for line, bare in zip(answer.split("\n"), lines, strict=True) if bare]
        first = next((line for line in marked if re.match('[“"]?[*-] ', line)), "")
        bare = re.sub('[*“"]|^- ', "", first).strip().lower()
        inside = any(bare.startswith(text[:20].lower()) for text in seed.points[0].variants)
        yield "a list that leaves out its first step", not inside
    if any(kwargs_of(record, id) for id in (BULLETS, SECTIONS, PARAGRAPHS)):
        leaning = [
            text[:25].lower()
            for n, point in enumerate(seed.points)
            for text in point.variants
            if seed.leans_on(n) is not None
        ]
        yield (
            "a part that begins in mid-thought",
            any(line.startswith(text) for line in lines for text in leaning),
        )
    if kwargs_of(record, "length_constraints:nth_paragraph_first_word"):
        sizes = [len(part) for part in re.split(r"\n\s*\n", answer) if part.strip()]
        yield "a paragraph six times as long as another", max(sizes) > 6 * min(sizes)
    if kwargs_of(record, "detectable_content:number_placeholders"):
        yield "a placeholder for a fact that was asked for", task not in LEFT_OPEN
    emphasized = ("detectable_format:number_highlighted_sections", "change_case:capital_word_frequency")
    if record.language == "en" and any(kwargs_of(record, id) for id in emphasized):
        shouted = kwargs_of(record, "change_case:english_capital")
        marked = re.findall(r"(?<!\*)\*(\w+)\*(?!\*)" + ("" if shouted else r"|\b([A-Z]{4,})\b"), answer)
        found = {"".join(each).lower() for each in marked}
        yield "emphasis on an empty word", any(word in EMPTY["en"] for word in found - {*seed.keywords})  # type: ignore[operator]
    for kwargs in kwargs_of(record, "startend:end_checker"):
        if task == "speech":
            closing = re.search("write back|reading this|hear from|回信|读完|答复", str(kwargs["end_phrase"]))
            yield "a speech that ends like a letter", bool(closing)


LENGTH_OF = {
    "en": (r"\S+", r"\w+", r"\w+(?:['’.,:/-]\w+)*"),
    "zh": ("[\u4e00-\u9fff]", r"\w", r"\S"),
}
"""Ways in which readers count words, or characters."""


def of_conditions(record: Instruction) -> Found:
    said = re.search(r"(?:more|fewer) than (\d+) words|(?:超过|不到)(\d+)个字", record.prompt)
    if said and record.provenance.get("condition", {}).get("form") in ("longer", "shorter"):
        request = SEEDS[record.provenance["seed"]].prompt
        lengths = [len(re.findall(way, request)) for way in LENGTH_OF[record.language]]
        yield (
            "a condition that depends on how one counts",
            min(lengths) <= int(said[1] or said[2]) <= max(lengths),
        )


def trees(part: int | Composition) -> list[Composition]:
    if isinstance(part, int):
        return []
    return [part, *(tree for inner in part.parts for tree in trees(inner))]


def choices(part: int | Composition) -> list[int | Composition]:
    if isinstance(part, int):
        return [part]
    if part.kind == "selection":
        return [Composition(kind="and", parts=(inner,)) for each in part.parts for inner in choices(each)]
    return [Composition(kind=part.kind, parts=parts) for parts in product(*map(choices, part.parts))]


def of_compositions(record: Instruction) -> Found:
    if record.composition is None:
        return
    for tree in trees(record.composition):
        if tree.kind == "selection":
            clashes = False
            for path in choices(record.composition):
                counted = active(path, [True] * (len(record.constraints) + len(record.questions)))  # type: ignore[arg-type]
                mentioned = set(places(path))
                own = [c for n, c in enumerate(record.constraints) if counted[n] and n in mentioned]
                clashes |= contradiction(own, record.semantics) is not None
            yield "a branch that contradicts what always counts", clashes
        if tree.kind == "chain":
            ids = [
                record.constraints[p].id
                for p in tree.parts
                if isinstance(p, int) and p < len(record.constraints)
            ]
            yield "a chain without a dependent or checked order", not ids or not ids[-1].startswith("chain:")
            yield "a final phrase before another step of a chain", "startend:end_checker" in ids[:-1]


def places(part: int | Composition) -> list[int]:
    return [part] if isinstance(part, int) else [place for inner in part.parts for place in places(inner)]


def of_thinking(record: Instruction) -> Found:
    thinking = record.expert.thinking if record.expert else ""
    lines = thinking.split("\n")
    counted = counting(record)
    report = "\n\n" not in thinking and len(lines) <= 2 + sum(counted)
    yield "thinking that is a line a constraint", report
    planned = re.search(
        "[Dd]raft|write it|written|try it|how it goes|稿|写一遍|写下来|写出来|写完|动笔|写好", thinking
    )
    yield "thinking without a draft and a check", not planned
    own = active_constraints(record)
    plan = re.search(
        r"(?:would begin with|backbone(?: is|:)|build it on|I open with|(?<!bullet )points in order:"
        r"|(?:put them|order|has to be said):) (.)"
        r"|(?:主干是|要说的依次是|。先说|我打算写|内容按这个次序：|大意先定下：)(.)",
        thinking,
    )
    if plan:
        yield "a plan of single words", (plan[1] or plan[2]) not in '"“'
    lengths = [one for one in own if one.id in LENGTHS]
    two = "[Bb]oth (?:upper |lower )?limits|[Tt]wo limits|两个[上下]限|两条都|一条要多"
    long = "Length without commas|length has to come|既要长|没有逗号又要长|篇幅要从更多"
    yield (
        "thoughts about limits that have nothing in common",
        bool(re.search(two, thinking) and len(lengths) < 2)
        or bool(re.search(long, thinking) and not any("at least" in one.kwargs.values() for one in lengths)),
    )
    left = re.search("(?:I leave out|spare is|no need for) ([^.]+)\\.|(?:不写|用不着)([^。]+)。", thinking)
    again = re.search("(?:I take out|Out with) ([^.]+)\\.|(?:把|删去|改掉)([^。]+?)(?:去掉)?。", thinking)
    if left and again:
        same = (left[1] or left[2]) == (again[1] or again[2])
        yield "a draft with what the plan has left out", same
    hanging = "looks back|hang on each|needs what an earlier|没有依据|没有，后一步|用到前面|看前面"
    if re.search(hanging, thinking):
        depends = {"chain:title_again", "chain:bullets_counted", "chain:first_sentence_again"}
        yield "steps said to depend that don't", not depends & {one.id for one in own}
    barred = {
        word.lower() for one in own if one.id == "keywords:forbidden_words" for word in named(one.kwargs)
    }
    if barred:
        topical = barred <= {word.lower() for word in SEEDS[record.provenance["seed"]].keywords}
        said = re.search("a word of the subject itself|主题本身就带", thinking)
        yield "a side word called one of the subject", bool(said) and not topical
    broken = "this is (?:facts|instructions)|(?:要写的|任务)是(?:说明一|从材|帮人)|想要(?:说明|从材)"
    yield "a task in broken grammar", bool(re.search(broken, thinking))
    yield (
        "glued sentences or blanks in the thinking",
        bool(re.search(r"[a-z]{2}[.!?][A-Z][a-z]|[^\n] {2,}|[ \t]$", thinking)),
    )


CLASSES: tuple[Callable[[Instruction], Found], ...] = (
    of_answers, of_layout, of_bounds, of_words, of_prompts, of_conditions, of_compositions, of_thinking,
)  # fmt: skip


def skeletons(made: Sequence[Instruction]) -> dict[str, int]:
    """Language -> different thoughts without numbers, quotations and the seed's keywords."""
    found: dict[str, set[str]] = {}
    for record in made:
        text = record.expert.thinking if record.expert else ""
        text = re.sub(r"\"[^\"\n]*\"|“[^”\n]*”|\d+", "…", text)
        for word in SEEDS[record.provenance["seed"]].keywords:
            text = re.sub(re.escape(word), "…", text, flags=re.IGNORECASE)
        for line in re.split(r"(?<=[.!?。！？])\s*|\n", text):
            found.setdefault(record.language, set()).add(line)
    return {language: len(lines) for language, lines in sorted(found.items())}


def guess(made: Sequence[Instruction]) -> str:
    """How often the branch of a selection can be guessed from the form of its condition."""
    forms: dict[str, Counter[bool]] = {}
    for record in made:
        said = re.search(r"If my request above ([a-z ]+)|如果上面的请求(出现|以|超过|不到|里)", record.prompt)
        chosen = [
            tree.selected
            for tree in trees(record.composition or Composition(kind="and", parts=(0,)))
            if tree.kind == "selection"
        ]
        if said and chosen:
            form = re.sub(r"\d+", "", said[1] or said[2]).strip()[:14]
            forms.setdefault(form, Counter())[chosen[0] == 0] += 1
    best, every = (
        sum(max(each.values()) for each in forms.values()),
        sum(each.total() for each in forms.values()),
    )
    return f"{best / max(every, 1):.0%} of {every} ({len(forms)} forms)"


def shared(made: Sequence[Instruction]) -> str:
    """Prompts with a sentence of ours that is in IFEval's prompts."""
    file = Path(os.environ.get("RAIF_BENCHMARK_DATA", ""), "ifeval", "input_data.jsonl")
    if not file.is_file():
        return "not looked for: RAIF_BENCHMARK_DATA has no ifeval/input_data.jsonl"

    def words(text: str) -> str:
        return " ".join(re.findall(r"[a-z0-9']+", re.sub(r"\d+", "0", text.lower())))

    known = " | ".join(words(json.loads(line)["prompt"]) for line in file.read_text("utf-8").splitlines())
    english = [record for record in made if record.language == "en"]
    seen: dict[str, bool] = {}
    count = 0
    for record in english:
        asked = record.prompt.removeprefix(SEEDS[record.provenance["seed"]].prompt)
        sentences = {words(each) for each in re.split(r"(?<=[.!?])\s+", asked)}
        for each in sentences - set(seen):
            seen[each] = len(each.split()) > 3 and each in known
        count += any(seen[each] for each in sentences)
    return f"{count} of {len(english)}"


def main(count: str = "10000", preset: str = "composed") -> None:
    config = load(
        BuiltinConfig, "gen-data", preset=preset,
        overrides=[f"count={count}", "heldout_share=0", "languages={en: 1, zh: 1}"],
    )  # fmt: skip
    start = time.process_time()
    made = list(records(config))
    print(f"{len(made)} records, {len(made) / (time.process_time() - start):.0f} a second\n")
    faults, possible = Counter[str](), Counter[str]()
    for record in made:
        for classify in CLASSES:
            for name, has in classify(record):
                possible[name] += 1
                faults[name] += has
    print("| fault | found | of |\n|---|---:|---:|")
    for name in possible:
        print(f"| {name} | {faults[name]} | {possible[name]} |")
    print(f"\nEnglish prompts with a sentence of IFEval's: {shared(made)}")
    print(f"Branches guessed right from the form of the condition: {guess(made)}")
    print(f"Different sentences of thinking, without numbers, quotations and topic words: {skeletons(made)}")


if __name__ == "__main__":
    main(*sys.argv[1:])
