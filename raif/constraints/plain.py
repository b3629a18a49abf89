"""What kinds mean for English under the dialect `raif` if the official meaning is that of an older NLTK."""

from __future__ import annotations

from raif.constraints.kind import Count, Example, Outcome, Relation, compare, variant
from raif.text import capital_tokens, sentences
from raif.text.release import CURRENT


@variant(
    "length_constraints:number_sentences",
    "raif",
    examples=(
        Example(True, "She said “No.” Then she left.", {"num_sentences": 2, "relation": "at least"}),
        Example(False, "Mr. Smith left. He was late.", {"num_sentences": 3, "relation": "at least"}),
    ),
)
def number_sentences(response: str, *, num_sentences: Count, relation: Relation) -> Outcome:
    """As officially, but a curly quote or guillemet after the mark closes the sentence, too."""
    return compare(len(sentences(response, CURRENT)), relation, num_sentences, "sentences")


@variant(
    "change_case:capital_word_frequency",
    "raif",
    examples=(
        Example(True, "It said OPEN—LATE.", {"capital_frequency": 2, "capital_relation": "at least"}),
        Example(False, "It said Open.", {"capital_frequency": 1, "capital_relation": "at least"}),
    ),
)
def capital_word_frequency(response: str, *, capital_frequency: Count, capital_relation: Relation) -> Outcome:
    """As officially, but a dash between two words separates them."""
    found = capital_tokens(response, CURRENT)
    return compare(found, capital_relation, capital_frequency, "words in capitals")
