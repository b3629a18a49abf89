import io
import json
from pathlib import Path
from typing import Any

import pytest

from raif.errors import RecordError
from raif.verdicts.stream import Answers, Tally, read_answers, verified

GOOD: dict[str, Any] = {
    "key": 7,
    "prompt": "Hi",
    "instruction_id_list": ["punctuation:no_comma"],
    "kwargs": [{}],
    "response": "a b",
}


def run(*lines: Any, answers: Answers | None = None) -> tuple[list[dict[str, Any]], Tally]:
    text = "\n".join(line if isinstance(line, str) else json.dumps(line) for line in lines)
    tally = Tally()
    return list(verified(io.BytesIO(text.encode()), tally, answers=answers)), tally


def test_object_comes_out_as_it_went_in_with_verdicts_added() -> None:
    (out,), _ = run(GOOD | {"mine": [1]})
    verdict = {"id": "punctuation:no_comma", "passed": True, "passed_loose": True}
    assert out == GOOD | {
        "mine": [1],
        "verdicts": [verdict | {"reason": "0 commas, asked for none", "active": True}],
        "followed": True,
        "followed_loose": True,
        "fraction": 1.0,
    }


def test_second_run_gives_the_same() -> None:
    first, _ = run(GOOD, GOOD | {"response": None})
    assert run(*first)[0] == first


def test_bad_lines_keep_their_places() -> None:
    out, tally = run(GOOD, "not json", GOOD | {"response": 3}, GOOD)
    assert ["error" in line for line in out] == [False, True, True, False]
    assert out[1]["line"] == 2
    assert out[2]["error"] == "stream:3: response: not a string"
    assert (tally.errors, tally.prompts.n) == (2, 2)


def test_rates_leave_out_what_could_not_be_judged() -> None:
    question = {"id": "q", "messages": [{"role": "user", "content": "Hi"}], "questions": [{"text": "Kind?"}]}
    _, tally = run(GOOD, GOOD | {"response": "a, b\nc"}, question | {"response": "Hi"})
    assert (tally.prompts.n, tally.prompts.unjudged) == (3, 1)
    assert tally.prompts.rate(tally.prompts.strict) == 0.5
    assert tally.prompts.rate(tally.prompts.loose) == 1
    assert tally.kinds["question"].unjudged == 1
    assert tally.instructions.n == 3


def write(path: Path, *lines: dict[str, Any]) -> Path:
    path.write_text("\n".join(map(json.dumps, lines)), "utf-8")
    return path


def test_answers_are_joined_by_key_else_by_prompt(tmp_path: Path) -> None:
    answers = read_answers(
        write(tmp_path / "a.jsonl", {"key": 7, "response": "a, b"}, {"prompt": "Hi", "response": "a b"})
    )
    out, _ = run(GOOD, GOOD | {"key": 8}, GOOD | {"key": 9, "prompt": "Ho"}, answers=answers)
    assert [line.get("followed") for line in out] == [False, True, None]
    assert "no answer has the id '9'" in out[2]["error"]


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ({"response": "a"}, "needs `key`"),
        ({"key": 1}, "missing"),
        ({"key": 7, "response": "b"}, "a second answer"),
    ],
)
def test_bad_file_of_answers_is_refused(tmp_path: Path, line: dict[str, Any], said: str) -> None:
    path = write(tmp_path / "a.jsonl", {"key": 7, "response": "a"}, line)
    with pytest.raises(RecordError, match=rf"a\.jsonl:2: .*{said}"):
        read_answers(path)
