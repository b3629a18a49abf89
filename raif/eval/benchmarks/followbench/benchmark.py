"""FollowBench: constraints added one at a time, and how far a model follows.

Paper: Jiang et al. 2024, https://arxiv.org/abs/2310.20410. 820 items in English, 790 in Chinese: six types of
constraints, groups of five levels.

An item, in the layout of the public files (`en/content_constraints.json`; level 0 is never asked):
    {"example_id": 1, "category": "content", "source": "t0_zsnoopt_data", "level": 2,
     "instruction": "What tide pools hold, in a list. Name the depth of each.", "target": ""}

Prompt: the instruction as the user's turn, after the system text where one is configured.
Judge: items without a rule (`followbench_rules`) show it the instructions of all levels up to theirs, and the
answer; it says YES or NO to each added constraint (`followbench_judge`).
Score: hard (all added constraints are met) and soft (the share that is), by language, type and level;
consistent levels, from the first on, by group (`followbench_totals`). A judgment that can't be read counts as
-1 in the released scripts, so in the dialects `upstream` and `authors`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from raif.config.eval import Dialect
from raif.errors import RecordError
from raif.eval.benchmark import BENCHMARKS, Benchmark, Sample, Scored
from raif.eval.benchmarks.followbench import totals as sums
from raif.eval.benchmarks.followbench.items import TEMPLATE, Item, read_items, released
from raif.eval.benchmarks.followbench.judge import read
from raif.eval.benchmarks.followbench.rules import matches, passes
from raif.eval.rates import Figure, Rates, Table, Tally
from raif.eval.stored import StoredAnswer
from raif.judge.requests import JudgeRequest, Replies
from raif.prompts import Prompts
from raif.types import Message, Verdict, Verification

JUDGE = "judge"


class FollowBench(Benchmark[Item]):
    file = "followbench"
    source = "https://github.com/YJiangcm/FollowBench (data as en, data_zh as zh)"
    prompts = "followbench"

    def items(self, path: Path) -> Sequence[Item]:
        found = [item for language in sums.LANGUAGES for item in read_items(path, language)]
        if not found:
            raise RecordError(f"{path}: neither en nor zh in it", "Each holds a file a type of constraint.")
        return found

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
            JudgeRequest(JUDGE, (message,), lambda reply: read(reply, level, language) is not None, again)
        ]

    def score(self, item: Item, answer: str | None, replies: Replies, dialect: Dialect) -> Scored:
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
        return Scored(Verification(verdicts, followed, followed, soft), {"hard": hard, "soft": soft}, labels)

    def tallies(self, samples: Sequence[Sample[Item]], dialect: Dialect) -> Sequence[Tally]:
        """One a group, whose levels hang together."""
        groups: dict[str, dict[int, Mapping[str, float | None]]] = {}
        for sample in samples:
            groups.setdefault(sample.item.group, {})[sample.item.record.level] = sample.scored.parts
        return [sums.tally(name.rpartition("/")[0], levels) for name, levels in groups.items()]

    def tables(self, rates: Rates, dialect: Dialect) -> Sequence[Table]:
        return sums.tables(rates, rounded=dialect != "sound")

    def paper(self, rates: Rates, dialect: Dialect) -> Mapping[str, Figure]:
        return {"mean of 22": sums.headline(rates, rounded=dialect != "sound")}

    def answers(self, path: Path) -> Iterable[StoredAnswer]:
        """A folder of what RAIF's inference writes, `en_mixed_constraint.jsonl`, or a file of ours."""
        return released(path) if path.is_dir() else super().answers(path)


def _verdicts(item: Item, answer: str, replies: Replies, dialect: Dialect) -> tuple[Verdict, ...]:
    if item.rule:
        passed = _ruled(item, answer) and (dialect != "sound" or bool(answer.strip()))
        return (Verdict(f"rule:{item.rule}", passed, passed, "checked by code"),)
    names = [f"constraint:{number}" for number in range(1, item.record.level + 1)]
    if dialect == "sound" and not answer.strip():
        return tuple(Verdict(name, False, False, "empty answer") for name in names)
    reply = replies.get(JUDGE)
    found = None if reply is None else read(reply, item.record.level, item.language)
    if found is None:
        reason = "not judged" if reply is None else f"no list in the judge's reply: {reply[-80:]!r}"
        return tuple(Verdict(name, None, None, reason) for name in names)
    said = zip(names, found, strict=True)
    return tuple(Verdict(name, one, one, f"judge: {'YES' if one else 'NO'}") for name, one in said)


def _ruled(item: Item, answer: str) -> bool:
    record = item.record
    if item.rule == TEMPLATE:
        return matches(record.target, answer)
    return passes(str(item.rule), answer, target=record.target, level=record.level, language=item.language)


BENCHMARKS.add("followbench", FollowBench())
