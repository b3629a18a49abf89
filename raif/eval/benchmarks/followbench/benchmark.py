"""FollowBench: constraints added one at a time, and how far a model follows.

Paper: Jiang et al. 2024, https://arxiv.org/abs/2310.20410. 820 items in English, 790 in Chinese: six types of
constraints, in groups of five levels.

An item, in the layout of the public files (`en/content_constraints.json`; level 0 is never asked):
    {"example_id": 1, "category": "content", "source": "t0_zsnoopt_data", "level": 2,
     "instruction": "What tide pools hold, in a list. Name the depth of each.", "target": ""}

Prompt: the instruction as the user's turn, after the config's system text, if there is one.
Judge: for items without a rule (`rules.py`) it sees the instructions of all levels up to theirs, and the
answer. It says YES or NO to each added constraint, in a list on its last line.
Score: hard (all added constraints are met) and soft (the share that is), by language, type and level;
consistent levels, from the first on, by group (`totals.py`). A judgment that can't be read counts as -1 in
the released scripts, and so in the dialects `upstream` and `authors`.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from raif.config.eval import Dialect
from raif.errors import RecordError
from raif.eval.benchmark import BENCHMARKS, Benchmark, ScoredItem
from raif.eval.benchmarks.followbench import totals as sums
from raif.eval.benchmarks.followbench.rules import Language, matches, passes, rule_name
from raif.eval.rates import Estimate, Rates, Table, Tally
from raif.eval.stored import StoredAnswer, parsed, released
from raif.files import jsonl
from raif.files.benchmark_data import PLACES
from raif.judge.judgment import said
from raif.judge.requests import JudgeRequest, Replies
from raif.prompts import Prompts
from raif.types import Message, Verdict, Verification

JUDGE = "judge"
TEMPLATE = "template"
"""The rule of the items of the type `example`."""
_NO: Mapping[Language, frozenset[str]] = {
    "en": frozenset({"NO", "PARTIAL", "MAYBE", "UNKNOWN", "N/A"}),
    "zh": frozenset({"NO", "PARTIAL", "PARTIALLY", "MAYBE", "UNKNOWN"}),
}
_LONGEST = 2000
"""Most characters of a list of five words."""
_CAPITALS = re.compile(
    r"(?<!\ba )(?<!\ban )(?<!\bthe )(?<!\bor )(?<!\bif )(?<!\bfor )(?<!\bnot )(?<![A-Za-z])(YES|NO)"
    r"(?! or\b| would\b| needs?\b| requires?\b)(?![A-Za-z])"
)
"""A verdict, and not a word about one."""
_STRAIGHT = str.maketrans("“”", '""')
_ANSWERS = re.compile(r"(en|zh)_(\w+?)_constraint")
"""How the files of the official inference scripts are named."""


class Record(BaseModel):
    """One record of the data. Level 0 starts a group and is never asked."""

    model_config = ConfigDict(frozen=True)
    example_id: int
    category: str
    source: str
    level: int
    instruction: str
    target: str


@dataclass(frozen=True, slots=True)
class Item:
    """`rule`: how code checks it; None: it is for the judge. `steps`: the instructions from level 0 on."""

    language: Language
    type: str
    record: Record
    rule: str | None
    steps: tuple[str, ...]

    @property
    def id(self) -> str:
        return f"{self.group}/{self.record.level}"

    @property
    def group(self) -> str:
        return f"{self.language}/{self.type}/{self.record.example_id}"

    @property
    def messages(self) -> tuple[Message, ...]:
        return (Message(role="user", content=self.record.instruction),)


class FollowBench(Benchmark[Item]):
    file = PLACES["followbench"].path
    program = "YJiangcm/FollowBench 6278f4c"
    source = "https://github.com/YJiangcm/FollowBench (data as en, data_zh as zh)"
    prompts = "followbench"

    def items(self, path: Path) -> Sequence[Item]:
        found = [item for language in sums.LANGUAGES for item in _items(path, language)]
        if not found:
            raise RecordError(
                f"{path}: neither en nor zh in it", "Each must hold one file for each type of constraint."
            )
        return found

    def files(self, path: Path) -> Sequence[Path]:
        places = (_place(path, language, type) for language in sums.LANGUAGES for type in sums.TYPES)
        return [place for place in places if place.exists()]

    def group(self, item: Item) -> str:
        return item.group

    def requests(
        self, item: Item, answer: str, replies: Replies, prompts: Prompts, dialect: Dialect
    ) -> Sequence[JudgeRequest]:
        if item.rule:
            return ()
        language, level = item.language, item.record.level
        text = prompts.fill(
            language,
            kind=prompts.fill(f"{language}_{item.type}"),
            steps="\n\n".join(f"[{number}]\n{step}" for number, step in enumerate(item.steps)),
            answer=answer,
            number=str(level),
        )
        again = prompts.fill(f"{language}_again", number=str(level))
        message = Message(role="user", content=text)
        return [
            JudgeRequest(
                JUDGE, (message,), lambda reply: read(reply, level, language, dialect) is not None, again
            )
        ]

    def score(self, item: Item, answer: str | None, replies: Replies, dialect: Dialect) -> ScoredItem[Item]:
        verdicts = _verdicts(item, answer or "", replies, dialect)
        passed = [verdict.passed for verdict in verdicts]
        known = [float(one) for one in passed if one is not None]
        unread = len(known) < len(passed)
        hard = None if unread else float(all(known))
        soft = None if unread else sum(known) / len(known)
        if unread and dialect != "sound":
            hard = soft = -1.0 if JUDGE in replies or item.language == "en" else 0.0
        followed = None if unread else all(known)
        labels = {"language": item.language, "type": item.type, "level": str(item.record.level)}
        verification = Verification(verdicts, followed, followed, soft)
        return ScoredItem(item, verification, {"hard": hard, "soft": soft}, labels)

    def tallies(self, scored: Sequence[ScoredItem[Item]], dialect: Dialect) -> Sequence[Tally]:
        """One for each group, whose levels depend on each other."""
        groups: dict[str, dict[int, Mapping[str, float | None]]] = {}
        ruled: dict[str, bool] = {}
        for each in scored:
            groups.setdefault(each.item.group, {})[each.item.record.level] = each.parts
            ruled[each.item.group] = each.item.rule is not None
        return [
            sums.tally(name.rpartition("/")[0], levels, ruled=ruled[name]) for name, levels in groups.items()
        ]

    def tables(self, rates: Rates, dialect: Dialect) -> Sequence[Table]:
        return sums.tables(rates, rounded=dialect != "sound")

    def paper(self, rates: Rates, dialect: Dialect) -> Mapping[str, Estimate]:
        figure = sums.headline(rates, rounded=dialect != "sound")
        return {"mean of 22": rates.estimate(figure, rates.cells)}

    def answers(self, path: Path) -> Iterable[StoredAnswer]:
        """A folder with files of RAIF's inference, such as `en_mixed_constraint.jsonl`, or a file of ours."""
        if not path.is_dir():
            yield from super().answers(path)
            return
        for file in sorted(path.rglob("*.jsonl")):
            if named := _ANSWERS.match(file.name):
                for where, line in jsonl.objects(file):
                    with released(where):
                        raw, text = line["raw"], line["choices"][0]["message"]["content"]
                        id = f"{named[1]}/{named[2]}/{raw['example_id']}/{raw['level']}"
                        yield StoredAnswer(id=id, response=text)


def _place(folder: Path, language: Language, type: str) -> Path:
    return folder / language / f"{type}_constraints.json"


def _items(folder: Path, language: Language) -> Iterator[Item]:
    """Those of one language, from one file for each type."""
    for type in sums.TYPES:
        path = _place(folder, language, type)
        if not path.exists():
            continue
        records = parsed(path, Record)
        steps = {(record.example_id, record.level): record.instruction for record in records}
        for record in records:
            if record.level:
                before = tuple(steps.get((record.example_id, n), "") for n in range(record.level + 1))
                named = {"source": record.source, "category": record.category}
                rule = rule_name(**named, example_id=record.example_id, language=language)
                yield Item(language, type, record, TEMPLATE if type == "example" else rule, before)


def _verdicts(item: Item, answer: str, replies: Replies, dialect: Dialect) -> tuple[Verdict, ...]:
    record, language = item.record, item.language
    if item.rule:
        if item.rule == TEMPLATE:
            passed = matches(record.target, answer)
        else:
            passed = passes(item.rule, answer, target=record.target, level=record.level, language=language)
        passed = passed and (dialect != "sound" or bool(answer.strip()))
        return (Verdict(f"rule:{item.rule}", passed, passed, "checked by code"),)
    names = [f"constraint:{number}" for number in range(1, record.level + 1)]
    if dialect == "sound" and not answer.strip():
        return tuple(Verdict(name, False, False, "empty answer") for name in names)
    reply = replies.get(JUDGE)
    found = None if reply is None else read(reply, record.level, language, dialect)
    if found is None:
        reason = "not judged" if reply is None else f"no list in the judge's reply: {reply[-80:]!r}"
        return tuple(Verdict(name, None, None, reason) for name in names)
    said = zip(names, found, strict=True)
    return tuple(Verdict(name, one, one, f"judge: {'YES' if one else 'NO'}") for name, one in said)


def read(reply: str, level: int, language: Language, dialect: Dialect) -> tuple[bool, ...] | None:
    """The verdict on each of the `level` constraints, None if the reply can't be read.

    It is a list with as many entries; the Chinese script also reads one without quotation marks and, unlike
    `sound`, the start of one that is too long. At level 1 the scripts look for YES anywhere in the last line,
    then for NO; `sound` accepts a line without a list only if it is clear what it says.
    """
    if language == "zh":
        reply = reply.translate(_STRAIGHT).strip("`").strip(" ").strip("\n")
    else:
        reply = reply.strip("`").strip()
    last = reply.rpartition("\n")[2]
    if level == 1 and dialect != "sound":
        return (True,) if "YES" in last else (False,) if "NO" in last else None
    listed = _listed(last, language)
    if level == 1 and not listed:
        met = _stated(last)
        return None if met is None else (met,)
    if language == "zh" and dialect != "sound":
        listed = listed[:level]
    known = all(one == "YES" or one in _NO[language] for one in listed)
    return tuple(one == "YES" for one in listed) if known and len(listed) == level else None


def _stated(line: str) -> bool | None:
    """What a line without a list says: its answer, else the one of YES and NO that it has and that it doesn't
    only talk about, as in "a YES would need a date"."""
    answer = said(line)
    words = {match[1] for match in _CAPITALS.finditer(line)}
    if answer is None and len(words) == 1:
        return words == {"YES"}
    return answer


def _listed(line: str, language: Language) -> Sequence[object]:
    start, end = line.find("["), line.rfind("]")
    listed = line[start : end + 1]
    if start < 0 or end < start or len(listed) > _LONGEST:
        return ()
    if language == "zh" and not {"'", '"'} & set(listed):
        return [word.strip() for word in listed[1:-1].split(",")]
    try:
        found = ast.literal_eval(listed)
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
        return ()
    return found if isinstance(found, list) else ()


BENCHMARKS.add("followbench", FollowBench())
