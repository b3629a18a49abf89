"""The held-out evaluation, before and after training, and its table, which report.json keeps.

Following constraints by talking nonsense is easy to reward and hard to see in a rate. So each row also has
the relevance of its answers (`raif.models.relevance`), their fluency (the mean log-probability per token
under the untrained model), their length, their repetition, how alike they are, and whether they repeat
their thinking.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from statistics import fmean
from typing import Any, Self

from raif.eval.benchmark import subset
from raif.files import jsonl
from raif.files.whole import read_whole, replacing, write_whole
from raif.judge.judge import Judge
from raif.models.chat import Chat, Mode
from raif.models.decode import Completion
from raif.models.load import Model
from raif.models.relevance import ROW_TOKENS, ROWS, Meter
from raif.reasoning import Response
from raif.records.turns import at_turn, with_experts
from raif.stats import Interval, bootstrap
from raif.text.repetition import alike_share, echoes, repeated_share
from raif.train.logps import Sample, score
from raif.train.ranks import ALONE, Ranks
from raif.train.relevance import asked, measure, shared
from raif.types import Instruction, Relevance, Verification
from raif.verdicts.checks import all_pass, verify_all

DRAWN_BY = 0
"""The seed of what an evaluation draws: runs of all seeds are asked the same."""
Greedy = Callable[[Sequence[list[int]]], list[Completion]]
"""The model's greedy completions of tokenized prompts, on all ranks."""
Modes = Mode | Callable[[Instruction], Mode]
"""How all held-out prompts are asked, or each of them."""


@dataclass(frozen=True, slots=True)
class HeldOutAnswer:
    """One held-out response, taken apart and judged; `fluency` is None if there is no answer, `relevance` if
    it wasn't measured."""

    instruction: Instruction
    response: Response
    truncated: bool
    verification: Verification
    fluency: float | None
    relevance: Relevance | None = None


@dataclass(frozen=True)
class HeldOut:
    """The instructions that training never sees, with what their answers are measured by.

    `relevance`: of how many answers it is measured, by the judge if there is one; None: of all.
    """

    instructions: Sequence[Instruction]
    untrained: Model
    chat: Chat
    judge: Judge | None = None
    ranks: Ranks = ALONE
    relevance: int | None = None
    longest: int | None = None
    """The most tokens of a later turn's prompt; a conversation ends before a longer one."""

    def ask(self, greedy: Greedy, mode: Modes) -> list[HeldOutAnswer]:
        """Greedy answers, checked: to all first turns, then to all second turns, and so on."""
        answers: list[HeldOutAnswer] = []
        going = [(record, list[str]()) for record in self.instructions]
        while going:
            turns = [at_turn(record, before) for record, before in going]
            modes = [mode(turn) if callable(mode) else mode for turn in turns]
            asked_in = list(zip(turns, modes, strict=True))
            found = greedy([self.chat.prompt(turn.messages, each) for turn, each in asked_in])
            responses = [
                self.chat.taken_apart(self.chat.text(c.ids, each), each)
                for c, each in zip(found, modes, strict=True)
            ]
            answers += replace(self, instructions=turns).check(responses, [c.truncated for c in found])
            going = [
                (record, said)
                for (record, before), response in zip(going, responses, strict=True)
                if len(before) < len(record.then)
                and self._fits(record, said := [*before, response.answer or ""])
            ]
        return answers

    def _fits(self, record: Instruction, said: Sequence[str]) -> bool:
        prompt = self.chat.prompt(at_turn(record, said).messages, "thinking")
        return self.longest is None or len(prompt) <= self.longest

    def experts(self) -> list[HeldOutAnswer]:
        """The expert answers of the records that have one (math has none), to compare the other rows with."""
        own = replace(self, instructions=[turn for i in self.instructions for turn in with_experts(i)])
        responses = [Response(i.expert.thinking, i.expert.answer, True) for i in own.instructions if i.expert]
        return own.check(responses, [False] * len(responses))

    def check(self, responses: Sequence[Response], truncated: Sequence[bool]) -> list[HeldOutAnswer]:
        answers = [r.answer or "" for r in responses]
        answered = list(zip(self.instructions, answers, strict=True))
        verifications = self.ranks.together(
            answered, lambda first, mine: verify_all(mine, [self.judge] * len(mine))
        )
        measured = self._fluency(answers), self._relevance(answers)
        return [
            HeldOutAnswer(*each)
            for each in zip(self.instructions, responses, truncated, verifications, *measured, strict=True)
        ]

    def _fluency(self, answers: Sequence[str]) -> list[float | None]:
        prompts = [self.chat.prompt(i.messages, "direct") for i in self.instructions]
        samples = [Sample(p, self.chat.encode(a), []) for p, a in zip(prompts, answers, strict=True)]
        some = [i for i, s in enumerate(samples) if s.ids]
        chosen = [samples[i] for i in some]
        logps = score(self.untrained, chosen, size=ROWS, tokens=ROW_TOKENS, ranks=self.ranks)
        means = {i: fmean(values) for i, values in zip(some, logps, strict=True)}
        return [means.get(i) for i in range(len(answers))]

    def _relevance(self, answers: Sequence[str]) -> list[Relevance | None]:
        chosen = subset(range(len(answers)), self.relevance, DRAWN_BY)
        answered = [(self.instructions[n], answers[n]) for n in chosen]
        meter = Meter(lambda: self.untrained, self.chat, [asked(i) for i, _ in answered], shared(self.ranks))
        found = dict(zip(chosen, measure(answered, meter, self.judge, self.ranks), strict=True))
        return [found.get(n) for n in range(len(answers))]


@dataclass(frozen=True, slots=True)
class HeldOutRow:
    """One line of the table of before and after."""

    name: str
    prompts: int
    constraints: Interval | None
    constraints_loose: Interval | None
    followed: Interval | None
    followed_loose: Interval | None
    format_share: float
    truncated_share: float
    fluency: float | None
    words: float
    repetition: float
    kinds: dict[str, float]
    unjudged_share: float = 0.0
    """Of the checks that count, those without a verdict."""
    relevant: Interval | None = None
    """Of the answers whose relevance was measured, an empty one among them."""
    relevance_gain: float | None = None
    """Its mean, in nats a token."""
    followed_relevant: Interval | None = None
    """The prompts that are followed by a relevant answer, of those whose relevance was measured."""
    alike: float | None = None
    """See `alike_share`. None: in a report of an earlier version."""
    echoed: float | None = None
    """The share of the answers for which `echoes` holds. None: in a report of an earlier version."""

    @classmethod
    def of(cls, name: str, answers: Sequence[HeldOutAnswer]) -> Self:
        """Sum the answers up."""
        texts = [a.response.answer or "" for a in answers]
        fluencies = [a.fluency for a in answers if a.fluency is not None]
        measured = [(a.relevance, a.verification.followed) for a in answers if a.relevance]
        gains = [each.gain for each, _ in measured if each.gain is not None]
        verifications = [a.verification for a in answers]
        counted = [v for verification in verifications for v in verification.counted]
        by_kind: dict[str, list[float]] = defaultdict(list)
        for verdict in counted:
            if verdict.passed is not None:
                by_kind[verdict.kind].append(float(verdict.passed))
        return cls(
            name=name,
            prompts=len(answers),
            constraints=_rate([[v.passed for v in each.counted] for each in verifications]),
            constraints_loose=_rate([[v.passed_loose for v in each.counted] for each in verifications]),
            followed=_rate([[each.followed] for each in verifications]),
            followed_loose=_rate([[each.followed_loose] for each in verifications]),
            format_share=fmean(a.response.format_valid for a in answers),
            truncated_share=fmean(a.truncated for a in answers),
            fluency=fmean(fluencies) if fluencies else None,
            words=fmean(len(text.split()) for text in texts),
            repetition=fmean(repeated_share(text) for text in texts),
            kinds={kind: fmean(values) for kind, values in sorted(by_kind.items())},
            unjudged_share=fmean(v.passed is None for v in counted) if counted else 0.0,
            relevant=_rate([[each.relevant] for each, _ in measured]),
            relevance_gain=fmean(gains) if gains else None,
            followed_relevant=_rate([[all_pass([each.relevant, followed])] for each, followed in measured]),
            alike=alike_share([[text] for text in texts]),
            echoed=fmean(
                echoes(text, a.response.thinking, a.instruction.prompt)
                for a, text in zip(answers, texts, strict=True)
            ),
        )

    @classmethod
    def read(cls, stored: dict[str, Any]) -> Self:
        """A row of report.json."""
        intervals = {field.name for field in fields(cls) if "Interval" in str(field.type)}
        values: dict[str, Any] = {
            key: Interval(**value) if key in intervals and value else value for key, value in stored.items()
        }
        return cls(**values)


def _rate(passed: Sequence[Sequence[bool | None]]) -> Interval | None:
    """The share that passed, of what could be judged; the inner lists are resampled whole."""
    return bootstrap([[float(one) for one in each if one is not None] for each in passed])


class Report:
    """Rows by name, each written as soon as it is known. A resumed run keeps the rows that it has.

    All ranks know the rows, and one of them `writes`.
    """

    def __init__(self, folder: Path, *, writes: bool = True) -> None:
        self._folder, self._file, self._writes = folder, folder / "report.json", writes
        stored = read_whole(self._file, {})
        self.rows = {row["name"]: HeldOutRow.read(row) for row in stored.get("rows", [])}
        self.facts: dict[str, Any] = stored.get("facts", {})

    def has(self, name: str, settings: Mapping[str, Any]) -> bool:
        """Whether there is a row `name` of these settings, or of unknown ones."""
        return name in self.rows and self.facts.get("settings", {}).get(name, settings) == settings

    def add(
        self, name: str, answer: Callable[[], Sequence[HeldOutAnswer]], settings: Mapping[str, Any]
    ) -> None:
        """Add the row `name`, asking for its answers only if the report has none of the same `settings`."""
        if self.has(name, settings):
            return
        answers = answer()
        self.rows[name] = HeldOutRow.of(name, answers)
        if self._writes:
            file = self._folder / "heldout" / f"{name.replace(' ', '-')}.jsonl"
            file.parent.mkdir(exist_ok=True)
            with replacing(file) as part:
                jsonl.write(part, map(_stored, answers))
        self.note(settings={**self.facts.get("settings", {}), name: dict(settings)})

    def note(self, **facts: Any) -> None:
        """Keep facts about the run next to the rows."""
        self.facts.update(facts)
        self._write()

    def _write(self) -> None:
        if self._writes:
            content = {"facts": self.facts, "rows": [asdict(row) for row in self.rows.values()]}
            write_whole(self._file, json.dumps(content, indent=1))


def _stored(answer: HeldOutAnswer) -> dict[str, Any]:
    return {
        "id": answer.instruction.id,
        "prompt": answer.instruction.prompt,
        "thinking": answer.response.thinking,
        "answer": answer.response.answer,
        "format_valid": answer.response.format_valid,
        "truncated": answer.truncated,
        "fluency": answer.fluency,
        "relevance": answer.relevance and asdict(answer.relevance),
        "verdicts": [asdict(v) for v in answer.verification.verdicts],
    }
