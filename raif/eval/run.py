"""One evaluation from start to end: items -> answers and judgments, saved as they arrive -> scores ->
report."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from string import Template
from typing import Any

from raif import __version__
from raif.client.item_errors import ItemErrors, by_words
from raif.config.eval import Dialect, EvalConfig
from raif.errors import ConfigError, EndpointError, RaifError, RecordError
from raif.eval import measured as measuring
from raif.eval import page, relevance
from raif.eval.answers import Answer, Ask, Calls, KeptCall, Notes, Progress, Responder, collect
from raif.eval.benchmark import BENCHMARKS, Benchmark, ScoredItem, locate, subset
from raif.eval.conversations import UNREACHED, in_turns
from raif.eval.measured import Lengths, Measured, Usage
from raif.eval.methods import style, talk
from raif.eval.rates import Rates, Table
from raif.eval.report import RESULTS, Report, Result, Step, compared, listed, write
from raif.eval.unused import HINT, unused
from raif.files import jsonl
from raif.files.whole import replacing
from raif.judge.requests import Asks, Replies, Rounds, stored_replies
from raif.prompts import load
from raif.reasoning import OF_MODELS, TAGS, Marks, Tags, split, tags_in
from raif.stats import Interval
from raif.types import Message

ANSWERS, CALLS, JUDGMENTS, ERRORS = "responses.jsonl", "calls.jsonl", "judgments.jsonl", "errors.jsonl"
NOT_STORED = "no stored answer"


@dataclass(frozen=True, slots=True)
class Plan:
    """What a run would ask and score: `items`, drawn from `all_items` of the benchmark. `names`: what people
    call them, by id."""

    benchmark: Benchmark[Any]
    data: Path
    items: Sequence[Any]
    all_items: Sequence[Any]
    names: Mapping[str, str]


def plan(config: EvalConfig) -> Plan:
    """Find the benchmark, its data and the items that the config selects. Asks nothing.

    Raises ConfigError if the benchmark is unknown or lacks the judge that it needs, RaifError if its data is
    missing or invalid.
    """
    benchmark = BENCHMARKS[config.benchmark]
    if benchmark.prompts and not (config.judge or config.judgments):
        raise ConfigError(
            f"{config.benchmark} needs a judge",
            "Give one with --judge-url and --judge-model, or stored judgments with --judgments.",
        )
    data = locate(benchmark, config.data)
    items = benchmark.items(data)
    if config.responses:
        items = benchmark.restored(items, config.responses, config.dialect)
    if not items:
        raise RecordError(f"{data}: no items in it")
    # Answers are matched by id: a second item with the same id would get the first one's answer.
    id, times = Counter(item.id for item in items).most_common(1)[0]
    if times > 1:
        raise RecordError(f"{data}: {times} items have the id {id!r}", "Give each its own.")
    chosen = subset(items, config.limit, config.seed, benchmark.group)
    return Plan(benchmark, data, chosen, items, benchmark.names(items))


def evaluate(
    config: EvalConfig,
    planned: Plan,
    responder: Responder,
    folder: Path,
    progress: Progress = lambda done, total, tokens, /, *, note="": None,
    judging: Callable[[int, int], None] = lambda done, total: None,
    *,
    rejudge: bool = False,
) -> Report:
    """Answer, judge, score and report the planned items in `folder`, resuming from what it holds.

    `rejudge`: ask the judge again; an earlier reply counts until a new one comes that can be read. Raises
    RaifError if no item has an answer, or a judgment though one was asked for, EndpointError if a server is
    of no use or fails on more items than the config allows.
    """
    not_used = not_used_of(planned, config)
    for name in (ANSWERS, CALLS, JUDGMENTS):
        jsonl.drop_torn_line(folder / name)
    benchmark, most = planned.benchmark, config.bearable(len(planned.items))
    errors = folder / ERRORS
    errors.unlink(missing_ok=True)
    notes = Notes(ItemErrors("model", errors, most), Calls(folder / CALLS, responder))
    found = _answered(config, planned, responder, folder / ANSWERS, notes, progress)
    unjudged = ItemErrors("judge", errors, most)
    answered = [item for item in planned.items if item.id in found.answers]
    path = folder / JUDGMENTS
    judged = _judged(config, benchmark, answered, found.finals, path, judging, unjudged, again=rejudge)
    counted = [item for item in planned.items if item.id in found.answers or config.on_error == "fail"]
    if config.dialect != "sound":  # a released script would take a missing judgment for a verdict
        counted = [item for item in counted if item.id not in unjudged.messages]
    scores = score(benchmark, counted, found.finals, judged.replies, config.dialect, seed=config.seed)
    texts = {id: each.answer or "" for id, each in found.finals.items()}
    relevances = relevance.measured(config, [*found.asks.values()], texts, folder)
    think, results = style(config), []
    for scored in scores.items:
        id = scored.item.id
        more: dict[str, Any] = {"replies": judged.replies.get(id, {}), "relevance": relevances.get(id)}
        more["error"] = found.failed.get(id) or unjudged.messages.get(id)
        more["name"] = planned.names.get(id, "")
        results.append(found.result(scored, think, notes.calls.of(id), more))
    measured = [one for one in scores.items if one.item.id in relevances]
    report = Report(
        benchmark=config.benchmark,
        model=responder.model,
        method=config.method,
        judge=config.judge.model if config.judge else None,
        dialect=config.dialect,
        items=len(found.asks),
        answered=len(found.answers),
        truncated=sum(result.truncated for result in results),
        empty=sum(result.empty for result in results),
        undecided=sum(verdict.passed is None for r in results for verdict in r.verification.counted),
        tables=(*scores.tables, *relevance.tables(measured, relevances, config.seed)),
        paper=compared(config.benchmark, config, scores.paper),
        measured=_measured(config, planned, found, results, folder),
        failed=by_words(found.failed.values()),
        failed_count=config.on_error == "fail",
        judge_failed=by_words(unjudged.messages.values()),
        outlasting=judged.outlasting,
        unsplit=sum(think == "none" and tags_in(result.answer) is not None for result in results),
        unused=not_used,
    )
    with replacing(folder / RESULTS) as part:
        jsonl.write(part, results)
    write(folder, report)
    page.write(folder / page.NAME, [page.Section(config.benchmark, [report], [results])])
    return report


@dataclass(frozen=True, slots=True)
class Answered:
    """What was asked and what came of it, by item id: an answer with its parts, or why there is none."""

    asks: Mapping[str, Ask]
    answers: Mapping[str, Answer]
    finals: Mapping[str, Final]
    failed: Mapping[str, str]

    def result(
        self, scored: ScoredItem[Any], think: Marks, calls: Sequence[KeptCall], more: Mapping[str, Any]
    ) -> Result:
        """An item's answer, its score, its calls, and more fields."""
        id = scored.item.id
        found, answer = self.finals.get(id, Final("", None)), self.answers.get(id)
        return Result(
            id=id,
            messages=self.asks[id].messages,
            thinking=found.thinking,
            answer=found.answer or "",
            truncated=answer is not None and answer.truncated,
            empty=answer is not None and not (found.answer or "").strip(),
            verification=scored.verification,
            parts=scored.parts,
            labels=scored.labels,
            raw=raw(answer, found, think) if answer else "",
            calls=tuple(Step(one.prompt, one.reasoning or "", one.response) for one in calls),
            **more,
        )


def _answered(
    config: EvalConfig, planned: Plan, responder: Responder, path: Path, notes: Notes, progress: Progress
) -> Answered:
    """The model's answers, asked turn by turn. Raises RaifError if there is not one."""

    def answers_to(some: Sequence[Ask], done: int) -> Mapping[str, Answer]:
        def report(number: int, total: int, tokens: int, /, *, note: str = "") -> None:
            progress(done + number, len(planned.items), tokens, note=note)

        return collect(some, responder, path, report, notes)

    def parts(answer: Answer) -> Final:
        return final(answer, style(config), config.dialect)

    before = {item.id: earlier for item in planned.items if (earlier := planned.benchmark.before(item))}
    asks, answers = in_turns(
        asks_of(planned, config), before, answers_to, lambda answer: parts(answer).answer or ""
    )
    failed = {
        ask.id: notes.errors.messages.get(ask.id)
        or (UNREACHED if ask.id in before and before[ask.id] not in answers else NOT_STORED)
        for ask in asks
        if ask.id not in answers
    }
    if not answers:
        raise RaifError(
            f"none of the {len(asks)} items has an answer: {listed(by_words(failed.values()))}",
            HINT if config.responses else "",
        )
    by_id = {ask.id: ask for ask in asks}
    return Answered(by_id, answers, {id: parts(answer) for id, answer in answers.items()}, failed)


def _measured(
    config: EvalConfig,
    planned: Plan,
    found: Answered,
    results: Sequence[Result],
    folder: Path,
) -> Measured:
    benchmark, date = planned.benchmark, measuring.last_change(folder / name for name in (ANSWERS, JUDGMENTS))
    judged = stored_replies(folder / JUDGMENTS) if config.judge else ()
    card, judge_card = measuring.cards(config, folder, date)
    return Measured(
        date=date,
        raif=__version__,
        commit=measuring.commit(),
        checker=measuring.checker(benchmark, config),
        data=measuring.Data.of(config.benchmark, benchmark, planned.data),
        size=len(planned.all_items),
        items=len(planned.items),
        seed=config.seed,
        settings=measuring.settings(config),
        stored=measuring.stored(config),
        prompts=measuring.prompts_of([*found.asks.values()]),
        judge_prompts=measuring.judge_prompts(benchmark, config),
        checkpoint=measuring.checkpoint(config.model),
        card=card,
        judge_card=judge_card,
        usage=Usage.of((answer.used for answer in found.answers.values()), config.prices),
        judge_usage=Usage.of((one.used for one in judged), config.judge.prices if config.judge else None),
        answers=Lengths.of(result.answer for result in results),
        thinking=Lengths.of(result.thinking for result in results),
    )


def asks_of(planned: Plan, config: EvalConfig) -> list[Ask]:
    """What the model is asked, one Ask for each item. Raises ConfigError if the method doesn't fit one."""
    asks = []
    for item in planned.items:
        asks.append(_ask(item, planned.benchmark, config))
        next(talk(asks[-1], config))  # what raises here would raise later, next to requests that are paid for
    return asks


def _ask(item: Any, benchmark: Benchmark[Any], config: EvalConfig) -> Ask:
    *before, last = benchmark.messages(item, config.system)
    if config.wrap is not None:
        text = Template(config.wrap).safe_substitute(prompt=last.content)
        last = Message(role=last.role, content=text)
    return Ask(item.id, (*before, last), tuple(benchmark.steps(item)))


def not_used_of(planned: Plan, config: EvalConfig) -> Mapping[str, int]:
    """How many stored answers and judgments belong to no item, drawn or not, by the reason.

    Raises RecordError if none of a file's does.
    """
    asks = (_ask(item, planned.benchmark, config) for item in planned.all_items)
    return unused(config, planned.benchmark, {ask.id: ask.prompt for ask in asks})


_TAGS = re.compile(
    "|".join(re.escape(tag) for tags in (*OF_MODELS, TAGS["tagged"]) for tag in tags) + r"|\s+"
)
"""What may be missing in thinking and answer without anything being lost."""


@dataclass(frozen=True, slots=True)
class Final:
    """A response taken apart. `answer` is None if the response ended inside the thinking."""

    thinking: str
    answer: str | None


def final(answer: Answer, think: Marks, dialect: Dialect) -> Final:
    """What is scored of an answer. Thinking that a server split off counts as thinking in every style.

    The method's authors only drop an answer tag at the start of the text, and keep the one at its end.
    """
    found = split(answer.whole(think), think)
    text = found.answer
    if dialect == "authors" and text is not None and text.startswith("<answer>"):
        text = text.removeprefix("<answer>").lstrip()
    split_off = (answer.reasoning or "").strip()
    thinking = found.thinking if split_off in found.thinking else f"{split_off}\n{found.thinking}".strip()
    return Final(thinking, text)


def raw(answer: Answer, found: Final, think: Marks) -> str:
    """The response as it came if its parts don't have all of it, such as thinking that never ends; else
    empty."""
    own = think if isinstance(think, Tags) else ()

    def bare(*texts: str | None) -> str:
        text = "".join(filter(None, texts))
        for tag in own:
            text = text.replace(tag, "")
        return _TAGS.sub("", text)

    whole = bare(answer.reasoning, answer.response) == bare(found.thinking, found.answer)
    return "" if whole else answer.whole("deepseek")


@dataclass(frozen=True, slots=True)
class Judged:
    """The judge's replies by item id and key. `outlasting`: how many are earlier ones, because the newer
    can't be read."""

    replies: Mapping[str, Replies]
    outlasting: int = 0


def _judged(
    config: EvalConfig,
    benchmark: Benchmark[Any],
    items: Sequence[Any],
    finals: Mapping[str, Final],
    path: Path,
    progress: Callable[[int, int], None],
    errors: ItemErrors,
    *,
    again: bool,
) -> Judged:
    """No replies, stored ones, or asked for now. Raises EndpointError if the judge gave none at all."""
    if benchmark.prompts is None:
        return Judged({})
    if config.judgments:
        found: dict[str, dict[str, str]] = defaultdict(dict)
        for judgment in benchmark.judgments(config.judgments):
            found[judgment.id][judgment.key] = judgment.reply  # the last one of a key counts
        return Judged(found)
    assert config.judge, "plan() sees to it"
    prompts = load("eval", benchmark.prompts, config.judge.prompts)
    asks: dict[str, Asks] = {}
    for item in items:
        answer = finals[item.id].answer or ""
        if answer.strip() or config.dialect != "sound":
            asks[item.id] = partial(benchmark.requests, item, answer, prompts=prompts, dialect=config.dialect)
    rounds = Rounds(config.judge, path, errors, again=again)
    replies = rounds.replies(asks, progress)
    if errors.messages and not any(replies.values()):
        raise EndpointError(
            f"{config.judge.model} judged nothing: {listed(by_words(errors.messages.values()))}",
            "All answers are kept. Give another judge, and go on with --resume.",
        )
    return Judged(replies, rounds.outlasting)


@dataclass(frozen=True, slots=True)
class Scores:
    """All items with their scores, and what they add up to.

    `paper`: the figures that the paper prints too, its headline first.
    """

    items: tuple[ScoredItem[Any], ...]
    rates: Rates
    tables: tuple[Table, ...]
    paper: Mapping[str, Interval | None]


def score(
    benchmark: Benchmark[Any],
    items: Sequence[Any],
    finals: Mapping[str, Final],
    replies: Mapping[str, Replies],
    dialect: Dialect,
    *,
    seed: int = 0,
) -> Scores:
    """Score each item's answer with the judge's replies about it, both by item id.

    An item without an answer fails, whatever a released script would make of it.
    """
    scored = tuple(
        benchmark.score(item, finals[item.id].answer, replies.get(item.id, {}), dialect)
        if item.id in finals
        else benchmark.score(item, None, {}, "sound")
        for item in items
    )
    rates = Rates(benchmark.tallies(scored, dialect), seed=seed)
    paper = {name: rates.interval(found) for name, found in benchmark.paper(rates, dialect).items()}
    return Scores(scored, rates, tuple(benchmark.tables(rates, dialect)), paper)
