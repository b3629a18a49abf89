"""Child processes that answer until they are killed over a question; then the next one has another child."""

from __future__ import annotations

import os
import signal
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import pytest

from raif.killable import Crashed, Killable

ANSWERS = """
import os, signal
def answer(what):
    if what == "never":
        while True: pass
    if what == "never, in C":
        (9 ** 9) ** (9 ** 9)
    if what == "memory":
        bytearray(8 << 30)
    if what == "die":
        os.kill(os.getpid(), signal.SIGKILL)
    return [what, os.getpid()]
"""


@pytest.fixture
def children(tmp_path: Path) -> Killable:
    (tmp_path / "answers.py").write_text(ANSWERS)
    return Killable(tmp_path / "answers.py", seconds=0.3, memory=4 << 30, silent=True)


def test_one_child_answers_one_question_after_another(children: Killable) -> None:
    (first, one), (second, other) = children.ask("a\n\ud800"), children.ask("b")
    assert (first, second) == ("a\n\ud800", "b")
    assert one == other != os.getpid()


@pytest.mark.parametrize("question", ["never", "never, in C"])
def test_a_question_that_takes_too_long_ends_and_the_next_is_answered(
    children: Killable, question: str
) -> None:
    with pytest.raises(TimeoutError):
        children.ask(question)
    assert children.ask("next")[0] == "next"


@pytest.mark.parametrize("question", ["die", "memory"])
def test_a_child_that_dies_is_said_and_the_next_question_is_answered(
    children: Killable, question: str
) -> None:
    with pytest.raises(Crashed, match=r"ended with -?\d"):
        children.ask(question)
    assert children.ask("next")[0] == "next"


def test_a_child_that_died_between_two_questions_is_replaced(children: Killable) -> None:
    os.kill(children.ask("first")[1], signal.SIGKILL)
    children._idle.queue[-1].wait()  # type: ignore[union-attr]
    assert children.ask("next")[0] == "next"


def test_threads_get_their_own_answers(children: Killable) -> None:
    with ThreadPoolExecutor(16) as threads:
        assert [found[0] for found in threads.map(children.ask, range(60))] == list(range(60))


def test_a_forked_process_has_children_of_its_own(tmp_path: Path) -> None:
    global _shared
    (tmp_path / "answers.py").write_text(ANSWERS)
    _shared = Killable(tmp_path / "answers.py", seconds=9)
    ours = _shared.ask("ours")[1]
    with ProcessPoolExecutor(1, mp_context=get_context("fork")) as forked:
        assert forked.submit(_asked).result() != ours
    assert _shared.ask("ours")[1] == ours


def _asked() -> int:
    return int(_shared.ask("theirs")[1])


def test_no_question_gets_the_answer_of_one_that_was_interrupted(
    children: Killable, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: object) -> bytes:
        raise KeyboardInterrupt

    children.ask("first")
    with monkeypatch.context() as patched:
        patched.setattr("raif.killable._exchange", interrupted)
        with pytest.raises(KeyboardInterrupt):
            children.ask("second")
    assert children.ask("third")[0] == "third"
