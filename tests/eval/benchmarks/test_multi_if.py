"""Multi-IF: every verdict and total is the released program's; conversations are led turn by turn."""

from __future__ import annotations

import csv
import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from raif.config.eval import Dialect, EvalConfig
from raif.constraints import find
from raif.errors import ConstraintError, RecordError
from raif.eval.benchmark import BENCHMARKS
from raif.eval.benchmarks.multi_if import benchmark as multi_if
from raif.eval.benchmarks.multi_if.benchmark import FOUR, unwrapped
from raif.eval.benchmarks.multi_if.rows import Turn, turns
from raif.eval.benchmarks.usable import decided
from raif.eval.responders import responder
from raif.eval.run import Final, Scores, evaluate, plan, score
from raif.types import Constraint
from tests.chat_server import chat_server, completion, last_turn
from tests.eval.judged import lines
from tests.parity import Parity

UNUSABLE = "can't be used"
NAMES = ("prompt_strict", "inst_strict", "prompt_loose", "inst_loose")


def row(key: str, *asked: str, language: str = "English", kwargs: str = "{}") -> dict[str, str]:
    """A row whose turns forbid commas."""
    found = {"turns": "", "responses": "", "key": key, "turn_index": "0", "language": language}
    for number, text in enumerate([*asked, "", "", ""][:3], 1):
        given = bool(text)
        found |= {
            f"turn_{number}_prompt": json.dumps({"role": "user", "content": text}) if given else "",
            f"turn_{number}_instruction_id_list": json.dumps(["punctuation:no_comma"]) if given else "",
            f"turn_{number}_kwargs": json.dumps([kwargs]) if given else "",
        }
    return found


def written(path: Path, rows: Sequence[Mapping[str, str]]) -> Path:
    with path.open("w", newline="", encoding="utf-8") as file:
        table = csv.DictWriter(file, list(rows[0]))
        table.writeheader()
        table.writerows(rows)
    return path


@pytest.fixture
def two(tmp_path: Path) -> Path:
    """A conversation of three turns and one of two."""
    return written(tmp_path / "data.csv", [row("a", "One.", "Two.", "Three."), row("b", "Eins.", "Zwei.")])


def test_a_conversation_s_turns_are_items_that_follow_each_other(two: Path) -> None:
    found = list(turns(two))
    assert [(one.id, one.before, one.number) for one in found] == [
        ("a/1", None, 1),
        ("a/2", "a/1", 2),
        ("a/3", "a/2", 3),
        ("b/1", None, 1),
        ("b/2", "b/1", 2),
    ]
    assert [message.content for message in found[2].messages] == ["One.", "Two.", "Three."]


@pytest.mark.parametrize("absent", ["", "None"])
def test_a_turn_that_is_not_there_ends_the_conversation(absent: str, tmp_path: Path) -> None:
    rows = [row("a", "One.") | {"turn_2_prompt": absent}]
    assert [one.id for one in turns(written(tmp_path / "data.csv", rows))] == ["a/1"]


@pytest.mark.parametrize(
    ("cells", "said"),
    [
        ({"turn_1_prompt": "Hello."}, r"data\.csv:2: turn_1_prompt: not the JSON text"),
        ({"turn_1_instruction_id_list": "{}"}, "turn_1_instruction_id_list: not the JSON"),
        ({"turn_1_kwargs": '["{"]'}, "turn_1_kwargs: not the JSON"),
        ({"turn_1_kwargs": "[]"}, "turn_1_kwargs: 0 for 1 ids"),
    ],
)
def test_a_cell_that_can_not_be_read_is_named(cells: dict[str, str], said: str, tmp_path: Path) -> None:
    path = written(tmp_path / "data.csv", [row("a", "One.") | cells])
    with pytest.raises(RecordError, match=said):
        list(turns(path))


def test_each_turn_is_asked_after_the_model_s_own_answers(two: Path, tmp_path: Path) -> None:
    def script(body: dict[str, Any]) -> Any:
        return completion("" if last_turn(body) == "Eins." else f"To {last_turn(body)}")

    with chat_server(script) as server:
        keys = {"benchmark": "multi-if", "model": "m", "data": two, "endpoint": {"base_url": server.base_url}}
        config = EvalConfig.model_validate(keys)
        report = evaluate(config, plan(config), responder(config), tmp_path)
        asked = {last_turn(body): [m["content"] for m in body["messages"]] for body in server.requests}
        again = evaluate(config, plan(config), responder(config), tmp_path)
        assert len(server.requests) == 5  # all answers are kept, and the turns after them are the same
    assert asked["Three."] == ["One.", "To One.", "Two.", "To Two.", "Three."]
    assert asked["Zwei."] == ["Eins.", "", "Zwei."]  # an empty answer stays in the conversation
    assert (report.items, report.answered, report.tables) == (5, 5, again.tables)
    shown = {line["id"]: line for line in lines(tmp_path / "verdicts.jsonl")}
    assert [m["role"] for m in shown["a/2"]["messages"]] == ["user", "assistant", "user"]
    assert [r.name for r in report.tables[0].rows] == ["mean of the turns", "turn 1", "turn 2", "turn 3"]


def test_a_limit_draws_whole_conversations(two: Path) -> None:
    config = EvalConfig(benchmark="multi-if", model="m", data=two, limit=4)
    assert len({item.conversation for item in plan(config).items}) == 1


def test_a_turn_after_one_without_an_answer_is_not_reached(two: Path, tmp_path: Path) -> None:
    answers = tmp_path / "answers.jsonl"
    answers.write_text('{"key": "a", "answers": ["x", null, "z"]}\n{"key": "b", "answers": ["x", "y"]}\n')
    config = EvalConfig(benchmark="multi-if", data=two, responses=answers)
    report = evaluate(config, plan(config), responder(config), tmp_path)
    assert [line["id"] for line in lines(tmp_path / "verdicts.jsonl")] == ["a/1", "b/1", "b/2"]
    assert (report.items, report.answered) == (5, 3)


def test_the_released_program_s_files_of_answers_are_read(two: Path, tmp_path: Path) -> None:
    for number in (1, 2):
        rows = [
            row("a", "One.", "Two.", "Three.")
            | {"responses": f"To {number}", "turn_index": str(number), "status": "success"},
            row("b", "Eins.", "Zwei.")
            | {"responses": "[MAX_RETRY=0] Failed.", "turn_index": str(number), "status": "failed"},
        ]
        written(tmp_path / f"eval_result_step_{number}.csv", rows)
    (tmp_path / "eval_result_step_1_metric.csv").write_text("metric,value\n")
    found = {one.id: one.response for one in BENCHMARKS["multi-if"].answers(tmp_path)}
    assert found == {"a/1": "To 1", "a/2": "To 2", "b/1": None, "b/2": None}
    single = BENCHMARKS["multi-if"].answers(tmp_path / "eval_result_step_2.csv")
    assert [one.id for one in single if one.response] == ["a/2"]


@pytest.mark.parametrize(
    ("answer", "text"),
    [
        ('[{"response": "a"}, 1]', "a"),
        ('[{"response": {"b": 1}}]', "{'b': 1}"),
        ('{"response": "a"}', '{"response": "a"}'),
        ('```\n[{"response": "a"}]\n```', '```\n[{"response": "a"}]\n```'),
        ("[]", "[]"),
        ("7", "7"),
    ],
)
def test_the_released_program_scores_the_text_inside_some_json(answer: str, text: str) -> None:
    assert unwrapped(answer) == text


def test_what_the_program_would_draw_is_undecided(tmp_path: Path) -> None:
    checks = (
        Constraint(id="keywords:frequency", kwargs={"keyword": "", "frequency": 1, "relation": "at least"}),
        Constraint(
            id="keywords:letter_frequency",
            kwargs={"letter": "#", "let_frequency": 1, "let_relation": "at least"},
        ),
        Constraint(id="punctuation:no_comma", kwargs={"num_words": None}),
        Constraint(id="no:such"),
    )
    found = decided(checks, "# a b", "multi-if")
    assert [one.passed for one in found] == [None, None, None, None]
    assert all(one.reason for one in found)
    assert [one.passed for one in decided(checks, "", "multi-if")] == [False] * 4


@pytest.mark.parametrize(("dialect", "prompts"), [("sound", []), ("upstream", [0.0])])
def test_a_turn_with_an_undecided_instruction_is_left_out_even_if_another_one_failed(
    dialect: Dialect, prompts: list[float], tmp_path: Path
) -> None:
    """The program's draw doesn't matter then."""
    drawn = {"turn_1_instruction_id_list": '["keywords:frequency", "punctuation:no_comma"]'}
    kwargs = ['{"keyword": "", "frequency": 1, "relation": "at least"}', "{}"]
    path = written(tmp_path / "data.csv", [row("a", "One.") | drawn | {"turn_1_kwargs": json.dumps(kwargs)}])
    benchmark = BENCHMARKS["multi-if"]
    (item,) = benchmark.items(path)
    scored = benchmark.score(item, "a, b", {}, dialect)
    assert scored.main == (prompts[0] if prompts else None)
    (tally,) = benchmark.tallies([scored], dialect)
    assert tally.get("all/1/prompts/strict", []) == tally.get("repaired/1/prompts/loose", []) == prompts
    assert tally["all/1/instructions/strict"] == [0.0]


def verdict(constraint: Constraint, answer: str, semantics: str) -> list[bool | str | None]:
    """Strict and loose; what a checker can't be made for is told apart from what it can't decide."""
    try:
        find(constraint.id, semantics).bind(constraint.kwargs)
        usable = None not in constraint.kwargs.values()
    except ConstraintError:
        usable = False
    if not usable:
        return [UNUSABLE, UNUSABLE]
    (one,) = decided([constraint], answer, semantics, blanks=semantics != "official")
    return [one.passed, one.passed_loose]


def expected(found: Sequence[Any]) -> list[Any]:
    """An exception of the official program is what can't be used here."""
    return [UNUSABLE if isinstance(one, str) else one for one in found]


def on_cases(cases: Sequence[Mapping[str, Any]], semantics: str) -> list[Any]:
    return [
        verdict(Constraint(id=case["instruction_id"], kwargs=case["kwargs"]), case["response"], semantics)
        for case in cases
    ]


@pytest.fixture(scope="session")
def fixtures(benchmark_data: Path) -> Path:
    return benchmark_data / "multi-turn" / "fixtures"


@pytest.mark.parity
def test_every_verdict_on_unit_cases_is_equal(fixtures: Path, parity: Parity) -> None:
    path = fixtures / "unit_cases.jsonl"
    cases = lines(path)
    official = [expected([case["strict"], case["loose"]]) for case in cases]
    parity.same(path, "upstream", on_cases(cases, "multi-if"), official)
    repaired = [case.get("fixed", pair) for case, pair in zip(cases, official, strict=True)]
    parity.same(path, "repaired", on_cases(cases, "multi-if-repaired"), repaired)


@pytest.mark.parity
def test_every_verdict_of_google_s_checkers_on_the_same_is_equal(fixtures: Path, parity: Parity) -> None:
    path = fixtures / "unit_cases.jsonl"
    cases = [case for case in lines(path) if "google" in case]
    parity.same(path, "official", on_cases(cases, "official"), [expected(case["google"]) for case in cases])


@pytest.mark.parity
def test_verdicts_are_those_of_the_nltk_of_publication(fixtures: Path, parity: Parity) -> None:
    path = fixtures / "nltk_versions.jsonl"
    cases = lines(path)
    official = [[case["expected"]["3.9.1"][side] for side in ("strict", "loose")] for case in cases]
    parity.same(path, "upstream", on_cases(cases, "multi-if"), official)


@pytest.mark.parity
def test_verdicts_that_depend_on_the_seed_are_those_of_seed_0(fixtures: Path, parity: Parity) -> None:
    path = fixtures / "unstable_cases.jsonl"
    cases = lines(path)
    parity.same(path, "upstream", on_cases(cases, "multi-if"), [[c["strict"], c["loose"]] for c in cases])


@pytest.mark.parity
def test_every_verdict_on_thai_is_equal(fixtures: Path, parity: Parity) -> None:
    pytest.importorskip("pythainlp", reason="needs raif[thai]")
    path = fixtures / "thai_cases.jsonl"
    cases = lines(path)
    parity.same(path, "upstream", on_cases(cases, "multi-if"), [[c["strict"], c["loose"]] for c in cases])


class Conversations:
    """The fixture's conversations and answers."""

    def __init__(self, path: Path) -> None:
        self.rows = lines(path)
        self.items: list[Turn] = list(BENCHMARKS["multi-if"].items(path))
        self.answers = {one.id: one.response for one in BENCHMARKS["multi-if"].answers(path)}

    def scored(self, dialect: Dialect, *, stripped: bool = False) -> Scores:
        finals = {
            id: Final("", answer.strip() if stripped else answer) for id, answer in self.answers.items()
        }
        return score(BENCHMARKS["multi-if"], self.items, finals, {}, dialect)


def rates(found: Scores, prefix: str) -> dict[str, float]:
    """The four rates under `prefix` and their mean."""
    four = {name: float(found.rates[f"{prefix}/{cell}"][0]) for name, cell in zip(NAMES, FOUR, strict=True)}
    return {**four, "overall": sum(four.values()) / 4}


@pytest.mark.parity
def test_every_verdict_of_conversations_is_equal(fixtures: Path, parity: Parity) -> None:
    path = fixtures / "conversations.jsonl"
    given = Conversations(path)
    ours: dict[str, dict[str, list[Any]]] = defaultdict(lambda: {"strict": [], "loose": []})
    for one in given.scored("upstream").items:
        ours[one.item.conversation]["strict"].append([v.passed for v in one.verification.verdicts])
        ours[one.item.conversation]["loose"].append([v.passed_loose for v in one.verification.verdicts])
    parity.same(
        path, "upstream", ours, {r["key"]: {s: r[s] for s in ("strict", "loose")} for r in given.rows}
    )


@pytest.mark.parity
def test_conversations_are_sent_as_the_program_sends_them(
    fixtures: Path, parity: Parity, tmp_path: Path
) -> None:
    path = fixtures / "conversations.jsonl"
    config = EvalConfig(benchmark="multi-if", data=path, responses=path)
    evaluate(config, plan(config), responder(config), tmp_path)
    sent = {line["id"].rpartition("/")[0]: line["messages"] for line in lines(tmp_path / "verdicts.jsonl")}
    parity.same(path, "sound", sent, {row["key"]: row["sent_last_turn"] for row in lines(path)})


@pytest.mark.parity
def test_every_total_is_equal(fixtures: Path, parity: Parity, monkeypatch: pytest.MonkeyPatch) -> None:
    path = fixtures / "aggregates.json"
    official = json.loads(path.read_text("utf-8"))
    given = Conversations(fixtures / "conversations.jsonl")
    found = given.scored("upstream")
    api = {f"turn_{n}": official["official_api"][f"turn_{n}"]["languages"] for n in (1, 2, 3)}
    ours = {
        turn: {
            name: rates(found, f"{'all' if name == 'all_languages' else f'in/{name}'}/{turn[-1]}")
            for name in languages
        }
        for turn, languages in api.items()
    }
    theirs = {
        turn: {name: {k: v for k, v in four.items() if k != "prompts"} for name, four in languages.items()}
        for turn, languages in api.items()
    }
    parity.same(path, "upstream", ours, theirs)
    headline = found.tables[0].rows[0].values[0]
    parity.same(path, "upstream", headline and headline.value, official["official_api"]["mean_over_turns"])
    stripped = given.scored("upstream", stripped=True)
    for turn in api:
        overall = {
            name: rates(stripped, f"{'all' if name == 'all_languages' else f'in/{name}'}/{turn[-1]}")[
                "overall"
            ]
            for name in api[turn]
        }
        vllm = {
            name.removesuffix("_overall").removeprefix(f"{turn}_"): value
            for name, value in official["official_vllm"][turn].items()
            if name.endswith("_overall")
        }
        parity.same(path, "upstream", overall, vllm)
    monkeypatch.setattr(multi_if, "unwrapped", lambda answer: answer)
    plain = given.scored("upstream")
    ours = {turn: rates(plain, f"all/{turn[-1]}") for turn in api}
    parity.same(path, "upstream", ours, official["without_unwrapping_json_answers"])
    for harness, prefix in (("sieval", "all"), ("sieval_fixed", "repaired")):
        overall = {n: 100 * rates(plain, f"{prefix}/{n}")["overall"] for n in (1, 2, 3)}
        named = {f"turn_{n}_all_languages_overall": value for n, value in overall.items()}
        theirs = official["other_harnesses"][harness]
        chosen = {name: theirs[name] for name in (*named, "score")}
        parity.same(
            path, prefix.replace("all", "upstream"), {**named, "score": sum(overall.values()) / 3}, chosen
        )
