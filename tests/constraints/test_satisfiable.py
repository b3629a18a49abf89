import json
from pathlib import Path
from typing import Any

import pytest

from raif.constraints import KINDS
from raif.constraints.satisfiable import conflicting, contradiction
from raif.types import Constraint

WORDS, SENTENCES = "length_constraints:number_words", "length_constraints:number_sentences"
FREQUENCY, LETTERS = "keywords:frequency", "keywords:letter_frequency"
FIRST_WORD = "length_constraints:nth_paragraph_first_word"
LETTER_A = {"letter": "a", "let_frequency": 2, "let_relation": "at least"}
AT_LEAST, LESS = {"relation": "at least"}, {"relation": "less than"}
Pair = tuple[str, dict[str, Any]]


def reason(*pairs: Pair) -> str | None:
    return contradiction([Constraint(id=id, kwargs=kwargs) for id, kwargs in pairs])


def test_conflicts_are_symmetric_and_with_oneself() -> None:
    assert conflicting("detectable_format:json_format", "startend:quotation")
    assert conflicting("startend:quotation", "detectable_format:json_format")
    assert all(conflicting(name, name) for name in KINDS)


@pytest.mark.parametrize(
    ("pairs", "said"),
    [
        ([("startend:quotation", {}), ("detectable_format:json_format", {})], "conflicts with"),
        ([("change_case:english_capital", {}), ("change_case:english_lowercase", {})], "conflicts with"),
        ([("startend:quotation", {}), ("startend:end_checker", {"end_phrase": "x"})], "conflicts with"),
        ([("detectable_format:number_bullet_lists", {"num_bullets": n}) for n in (2, 3)], "2 and 3"),
        ([("language:response_language", {"language": code}) for code in ("de", "fr")], "'de' and 'fr'"),
        ([("startend:end_checker", {"end_phrase": text}) for text in ("Bye.", "The end.")], "end with both"),
        ([("combination:repeat_prompt", {"prompt_to_repeat": t}) for t in ("Say a", "Tell b")], "start with"),
        (
            [(FIRST_WORD, {"num_paragraphs": 2, "nth_paragraph": 1, "first_word": w}) for w in ("a", "b")],
            "paragraph 1",
        ),
        ([(WORDS, {"num_words": 50} | AT_LEAST), (WORDS, {"num_words": 50} | LESS)], "at least 50 needed"),
        ([(SENTENCES, {"num_sentences": 0} | LESS)], "less than 0"),
        ([(SENTENCES, {"num_sentences": 9} | AT_LEAST), (WORDS, {"num_words": 9} | LESS)], "9 sentences"),
        (
            [(FREQUENCY, {"keyword": "Tea", "frequency": n} | r) for n, r in ((3, AT_LEAST), (2, LESS))],
            "at least 3 needed",
        ),
        (
            [
                ("keywords:existence", {"keywords": ["tea"]}),
                (FREQUENCY, {"keyword": "tea", "frequency": 1} | LESS),
            ],
            '1 times "tea", asked for less than 1',
        ),
        (
            [
                ("keywords:existence", {"keywords": ["pizza"]}),
                (LETTERS, {"letter": "z", "let_frequency": 2, "let_relation": "less than"}),
            ],
            '2 times the letter "z"',
        ),
        (
            [(WORDS, {"num_words": 3} | LESS), ("startend:end_checker", {"end_phrase": "That is all."})],
            "3 words, asked for less than 3",
        ),
        *(
            (
                [("keywords:forbidden_words", {"forbidden_words": ["end"]}), required],
                "forbidden_words forbids it",
            )
            for required in (
                ("keywords:existence", {"keywords": ["the end"]}),
                ("startend:end_checker", {"end_phrase": "The End."}),
                ("detectable_content:postscript", {"postscript_marker": "end note"}),
            )
        ),
        *(
            ([("punctuation:no_comma", {}), required], "no_comma forbids it")
            for required in (
                ("keywords:existence", {"keywords": ["a, b"]}),
                ("startend:end_checker", {"end_phrase": "Bye, then."}),
                ("combination:repeat_prompt", {"prompt_to_repeat": "Say, who?"}),
            )
        ),
        (
            [
                ("change_case:english_lowercase", {}),
                ("detectable_format:multiple_sections", {"section_spliter": "Part", "num_sections": 2}),
            ],
            "sections headed 'Part'",
        ),
        (
            [
                ("change_case:english_lowercase", {}),
                (
                    "change_case:capital_word_frequency",
                    {"capital_frequency": 2, "capital_relation": "at least"},
                ),
            ],
            "conflicts with",
        ),
        ([("language:response_language", {"language": "ru"}), (LETTERS, LETTER_A)], "'ru'"),
        (
            [("first_word:first_word_answer", {"first_word": word}) for word in ("we", "they")],
            "'they' and 'we'",
        ),
        (
            [
                ("last_word:last_word_answer", {"last_word": "tea"}),
                ("last_word:last_word_sent", {"last_word": "milk"}),
            ],
            "'milk' and 'tea'",
        ),
        (
            [
                ("keywords:word_once", {"keyword": "Tea"}),
                (FREQUENCY, {"keyword": "tea", "frequency": 2} | AT_LEAST),
            ],
            "less than 2 asked for, at least 2 needed",
        ),
        (
            [
                ("count:count_increment_word", {"keyword1": "tea", "keyword2": "milk"}),
                ("keywords:word_once", {"keyword": "milk"}),
            ],
            "at least 2 needed",
        ),
        (
            [
                ("keywords:keyword_specific_position", {"keyword": "tea", "n": 1, "m": 2}),
                ("keywords:forbidden_words", {"forbidden_words": ["tea"]}),
            ],
            "forbidden_words forbids it",
        ),
        (
            [
                ("punctuation:punctuation_dot", {}),
                ("startend:end_checker", {"end_phrase": "The end."}),
            ],
            "punctuation_dot forbids it",
        ),
        (
            [("letters:letter_counting", {"N": n} | r) for n, r in ((50, AT_LEAST), (50, LESS))],
            "at least 50 needed",
        ),
        (
            [
                (
                    "letters:letter_counting2",
                    {"letter": "a", "let_frequency": 3, "let_relation": "less than"},
                ),
                (LETTERS, {"letter": "A", "let_frequency": 4, "let_relation": "at least"}),
            ],
            "at least 4 needed",
        ),
        ([("language:response_language", {"language": "ja"}), (WORDS, {"num_words": 9} | AT_LEAST)], "'ja'"),
    ],
)
def test_contradiction_is_found_and_explained(pairs: list[Pair], said: str) -> None:
    assert said in (reason(*pairs) or "")


@pytest.mark.parametrize(
    "pairs",
    [
        [],
        [("keywords:existence", {"keywords": ["tea"]}), ("punctuation:no_comma", {})],
        [("keywords:existence", {"keywords": [word]}) for word in ("tea", "milk")],
        [(WORDS, {"num_words": 50} | AT_LEAST), (WORDS, {"num_words": 80} | LESS)],
        [
            (FREQUENCY, {"keyword": "tea", "frequency": 3} | AT_LEAST),
            (FREQUENCY, {"keyword": "milk", "frequency": 2} | LESS),
        ],
        [("startend:end_checker", {"end_phrase": text}) for text in ("The end.", "end.")],
        [
            ("keywords:forbidden_words", {"forbidden_words": ["can"]}),
            ("keywords:existence", {"keywords": ["cannot"]}),
        ],
        [("language:response_language", {"language": "de"}), (LETTERS, LETTER_A)],
    ],
)
def test_what_can_be_met_together_is_no_contradiction(pairs: list[Pair]) -> None:
    assert reason(*pairs) is None


@pytest.mark.parity
def test_few_of_ifevals_own_prompts_are_contradictory(benchmark_data: Path) -> None:
    """Five are: each asks to repeat what it forbids. IFEval's own table keeps the others apart, too."""
    lines = (benchmark_data / "ifeval" / "input_data.jsonl").read_text("utf-8").splitlines()
    found = [
        item["key"]
        for item in map(json.loads, lines)
        if reason(*zip(item["instruction_id_list"], item["kwargs"], strict=True))
    ]
    wider = [1129, 1793, 2912, 3272, 3287, 3311, 332, 3324, 3369]
    assert sorted(found) == sorted([*wider, 1627, 3305, 3371, 3718, 374])


def test_title_and_repeated_request_can_t_both_come_first():
    asked = [
        Constraint(id="detectable_format:title"),
        Constraint(id="combination:repeat_prompt", kwargs={"prompt_to_repeat": "Say hi."}),
    ]
    assert contradiction(asked) is None
    assert "both come first" in (contradiction(asked, "raif") or "")
    assert "both come first" in (contradiction(asked, "zh") or "")
