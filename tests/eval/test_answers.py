from __future__ import annotations

import pytest

from raif.eval.answers import Answer
from raif.reasoning import Style, split
from raif.serve.middleware import Splitter


@pytest.mark.parametrize("style", ["tagged", "deepseek"])
@pytest.mark.parametrize(
    ("response", "truncated"),
    [
        ("2 + 2\n</think>\n<answer>\n4\n</answer>", False),
        ("</think><answer>4</answer>", False),
        ("2 + 2\n</think>\n4", False),
        ("2 + 2 is", True),
        ("2 + 2\n</think>\n<answer>\nIt is", True),
    ],
)
def test_an_answer_counts_alike_whether_or_not_the_server_split_it(
    response: str, truncated: bool, style: Style
) -> None:
    splitter = Splitter(style)
    parts = [splitter.feed(response), splitter.close()]
    served = Answer("".join(p.answer for p in parts), "".join(p.thinking for p in parts), truncated)
    assert split(served.whole(style), style).answer == split(f"<think>\n{response}", style).answer


def test_tags_that_a_server_left_in_the_answer_are_not_doubled() -> None:
    whole = Answer("<answer>4</answer>", "2 + 2").whole("tagged")
    assert whole == "<think>\n2 + 2\n</think>\n<answer>4</answer>"
