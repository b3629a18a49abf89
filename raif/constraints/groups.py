"""Kinds that clash with others for one and the same reason."""

from __future__ import annotations

CASES = frozenset({"change_case:english_capital", "change_case:english_lowercase"})

PROSE = frozenset(  # what stands outside a format that a program reads, or only makes sense as prose
    {
        "length_constraints:number_paragraphs",
        "length_constraints:nth_paragraph_first_word",
        "detectable_content:postscript",
        "detectable_format:number_bullet_lists",
        "detectable_format:number_highlighted_sections",
        "detectable_format:multiple_sections",
        "detectable_format:title",
        "combination:two_responses",
        "combination:repeat_prompt",
        "startend:end_checker",
        "startend:quotation",
    }
)

COUNTS = frozenset(  # where part of the text is given, or there are two, it is left open of what
    {
        "keywords:frequency",
        "keywords:letter_frequency",
        "length_constraints:number_sentences",
        "length_constraints:number_words",
        "detectable_content:number_placeholders",
        "change_case:capital_word_frequency",
    }
)
