"""IFTrain's kinds in the builtin data: what each asks of an answer, and when it is drawn, if it is named.

The kinds that count something already counted for IFEval stand beside those in `respond/kinds.py` and
`draw.py`. A word in a certain place takes a sentence of its own.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterator
from itertools import pairwise

from raif.constraints import KINDS, Material
from raif.data.builtin.draw import Kwargs, drawer, repeat_prompt
from raif.data.builtin.respond.choose import Chosen, Task
from raif.data.builtin.respond.form import deal
from raif.data.builtin.respond.kinds import occurrences, responder
from raif.data.builtin.respond.plain import Plain, meets
from raif.data.builtin.seeds import Seed
from raif.text import chinese, reader
from raif.types import Constraint

_LEADS = {"en": "{word} is where I would begin.", "zh": "{word}是最先要说的。"}
_CLOSES = {"en": "It all comes down to {word}.", "zh": "说到底就是{word}。"}
_PLACES = {
    "en": (
        "{word} matters most here.",
        "Remember {word} above all.",
        "Think of {word} first.",
        "Always think of {word} first.",
        "Keep an eye on {word}, too.",
        "It is worth thinking of {word}.",
        "It is also worth thinking of {word}.",
        "One more thing to think of is {word}.",
    ),
    "zh": ("{word}最要紧。", "记住{word}。", "请记住{word}。", "也请记住{word}。", "最后也请记住{word}。"),
}
"""Sentences in which the word is the first one, the second, and so on."""
_PALINDROMES = {"en": "Take it one level at a time.", "zh": "不妨先看一看再说。"}
_BEFORE = {"en": ("Tip", "Note", "Remember"), "zh": ("另外", "注意", "提示")}
_AFTER = {"en": ("friend", "okay", "indeed"), "zh": ("朋友", "好吗", "对吧")}
"""Words that can stand before any sentence, and after any."""
_PHRASES = {
    "A rolling stone gathers no moss": ("A {} stone gathers no moss", "falling small flying"),
    "Still waters always run quite deep": ("Still waters {} run quite deep", "often never seldom"),
    "Many hands make the work light": ("Many {} make the work light", "friends minds tools"),
    "Good fences make for good neighbours": ("Good {} make for good neighbours", "walls gates hedges"),
    "Slow and steady wins the race": ("Slow and {} wins the race", "patient careful calm"),
    "The early bird gets the worm": ("The {} bird gets the worm", "hungry clever quiet"),
}
"""Phrases with a gap, and words that fit into it."""
_START_END = Constraint(id="keywords:start_end")
_STOP = re.compile(r"[.。]+$")


def _alone(task: Task, text: str) -> None:
    """Makes a given text the whole answer."""
    task.only, task.form.alone = {}, text


def _capital(word: str) -> str:
    return word[:1].upper() + word[1:]


def _texts(seed: Seed) -> Iterator[tuple[int, str]]:
    """All sentences that the points can be, the most important ones first."""
    for position in seed.ladder:
        for text in seed.points[position].variants:
            yield position, text


def _nouns(plain: Plain) -> list[str]:
    """Topic words that are one word, if no greeting comes before the sentences."""
    return [] if plain.seed.greeting else [word for word in plain.seed.keywords if word.isalnum()]


@responder("copy:copy")
@responder("copy:copying_simple")
def copied(task: Task, prompt_to_repeat: str) -> None:
    _alone(task, prompt_to_repeat)


@responder("copy:copying_multiple")
def copied_often(task: Task, prompt_to_repeat: str, N: float) -> None:
    _alone(task, "\n******\n".join([prompt_to_repeat] * int(N)))


@responder("new:copy_span_idx")
def span(task: Task, prompt_to_repeat: str, n_start: int, n_end: int) -> None:
    _alone(task, prompt_to_repeat[n_start:n_end])


@drawer("copy:copy")
@drawer("copy:copying_simple")
def draw_copy(plain: Plain, rng: random.Random) -> Kwargs | None:
    return repeat_prompt(plain, rng)


@drawer("copy:copying_multiple")
def draw_copies(plain: Plain, rng: random.Random) -> Kwargs | None:
    found = repeat_prompt(plain, rng)
    return found and found | {"N": rng.randint(2, 3)}


@drawer("new:copy_span_idx")
def draw_span(plain: Plain, rng: random.Random) -> Kwargs | None:
    """From the start of a word, or character, to the end of another."""
    found = repeat_prompt(plain, rng)
    units = list(re.finditer(r"\w" if plain.language == "zh" else r"\w+", plain.seed.prompt))[1:]
    if not found or len(units) < 2:
        return None
    first, last = sorted(rng.sample(range(len(units)), 2))
    return found | {"n_start": units[first].start(), "n_end": units[last].end()}


@responder("copy:repeat_phrase")
def repeat_phrase(task: Task, phrase: str, small_n: float) -> None:
    """Below the text, each time with another word: in the phrases that are drawn."""
    if phrase in _PHRASES:
        template, words = _PHRASES[phrase]
        task.form.end = "\n".join(f"{template.format(word)}." for word in words.split()[: int(small_n)])


@responder("count:count_increment_word")
def increment(task: Task, keyword1: str, keyword2: str) -> None:
    for times, word in enumerate((keyword1, keyword2), 1):
        task.bound("at least", times, occurrences(word, task.seed.language))
        task.bound("less than", times + 1, occurrences(word, task.seed.language))


@drawer("count:count_increment_word")
def draw_increment(plain: Plain, rng: random.Random) -> Kwargs | None:
    """A word that the fullest answer has, and one that it has twice; neither is within the other."""
    counts = {word: occurrences(word, plain.language)(plain.fullest) for word in plain.seed.keywords}
    pairs = [
        (one, other)
        for one in counts
        for other in counts
        if counts[one] and counts[other] > 1 and one.lower() not in other.lower() not in one.lower()
    ]
    return dict(zip(("keyword1", "keyword2"), rng.choice(pairs), strict=True)) if pairs else None


@responder("count:count_unique")
def unique(task: Task) -> None:
    task.only = _unique(task.seed) or task.only


@drawer("count:count_unique")
def draw_unique(plain: Plain, rng: random.Random) -> Kwargs | None:
    return {} if not plain.seed.greeting and _unique(plain.seed) else None


def _unique(seed: Seed) -> Chosen | None:
    """The most important sentence that has no word twice."""
    wanted = Constraint(id="count:count_unique")
    return next(({n: text} for n, text in _texts(seed) if meets(text, wanted, seed.language)), None)


@responder("count:counting_composition")
def composition(task: Task, n_sent: float, n_words: float) -> None:
    """Three equal parts of sentences of that length, in reading order."""
    fitting = {n: text for n, text in _texts(task.seed) if _length(text, task.seed) == n_words}
    if len(fitting) >= 3 * n_sent:
        task.only = dict(sorted(fitting.items())[: int(3 * n_sent)])
        space = "" if task.seed.language == "zh" else " "
        task.form.alone = "\n***\n".join(map(space.join, deal([*task.only.values()], 3)))


@drawer("count:counting_composition")
def draw_composition(plain: Plain, rng: random.Random) -> Kwargs | None:
    positions: dict[int, set[int]] = {}
    for n, text in _texts(plain.seed):
        positions.setdefault(_length(text, plain.seed), set()).add(n)
    lengths = [length for length, found in positions.items() if len(found) >= 3]
    return {"n_sent": 1, "n_words": rng.choice(lengths)} if lengths and not plain.seed.greeting else None


def _length(text: str, seed: Seed) -> int:
    """Words with marks, or Chinese characters without."""
    return len(chinese.characters(text) if seed.language == "zh" else reader.tokens(text))


@responder("count:lowercase_counting")
def lowercase(task: Task, N: float) -> None:
    task.bound("less than", int(N) + 1, _lowercase, size=True)


@drawer("count:lowercase_counting")
def draw_lowercase(plain: Plain, rng: random.Random) -> Kwargs | None:
    low, here = _lowercase(plain.shortest), _lowercase(plain.text)
    return {"N": rng.randrange(low, here)} if low < here else None


def _lowercase(text: str) -> int:
    return sum(map(str.islower, reader.words(text)))


@responder("detectable_format:square_brackets")
def square_brackets(task: Task) -> None:
    task.form.finish = lambda text: " ".join(f"[{word}]" for word in _spaced(text, task.seed.language))


@responder("detectable_format:bigram_wrapping")
def bigrams(task: Task) -> None:
    def paired(text: str) -> str:
        words = _spaced(text, task.seed.language)
        pairs = (words[n : n + 2] for n in range(0, len(words), 2))
        return " ".join(f"<<{' '.join(pair)}>>" if len(pair) == 2 else pair[0] for pair in pairs)

    task.form.finish = paired


def _spaced(text: str, language: str) -> list[str]:
    """The words of a text, each with the marks after it."""
    if language == "en":
        pieces = text.split()
    else:
        starts, place = list[int](), 0
        for word in chinese.words(text):
            starts.append(text.index(word, place))
            place = starts[-1] + len(word)
        pieces = ["".join(text[low:high].split()) for low, high in pairwise([0, *starts[1:], len(text)])]
    found = list[str]()
    for piece in pieces:
        if found and not any(map(str.isalnum, piece)):
            found[-1] += piece
        else:
            found.append(piece)
    return found


@responder("detectable_format:sentence_hyphens")
def hyphens(task: Task) -> None:
    task.form.between = "-"
    _each(task, "detectable_format:sentence_hyphens")
    task.bans.append(lambda text: "-" in text)


@responder("keywords:no_adjacent_consecutive")
def no_adjacent(task: Task) -> None:
    """Whether the words at the ends of two sentences are neighbours in the alphabet, the check says."""
    _each(task, "keywords:no_adjacent_consecutive")


def _each(task: Task, id: str) -> None:
    """Every sentence has to meet the kind by itself."""
    wanted = Constraint(id=id)
    task.bans.append(lambda text: not meets(text, wanted, task.seed.language))


@responder("first_word:first_word_answer")
def first_word(task: Task, first_word: str) -> None:
    task.form.inserted = (0, _LEADS[task.seed.language].format(word=_capital(first_word)))


@responder("last_word:last_word_answer")
def last_word(task: Task, last_word: str) -> None:
    task.form.end = _CLOSES[task.seed.language].format(word=last_word)


@responder("keywords:start_end")
def start_end(task: Task) -> None:
    """A word that is one by itself; English has no mark after it."""
    language = task.seed.language
    for word in filter(str.isalnum, task.seed.keywords):
        first_word(task, word)
        task.form.end = _CLOSES[language].format(word=word).rstrip(".")
        if meets(f"{_LEADS[language].format(word=word)} {task.form.end}", _START_END, language):
            return


@responder("keywords:keyword_specific_position")
def position(task: Task, keyword: str, n: float, m: float) -> None:
    places = _PLACES[task.seed.language]
    if 1 <= m <= len(places):
        word = _capital(keyword) if m == 1 else keyword
        task.form.inserted = (int(n) - 1, places[int(m) - 1].format(word=word))


@drawer("first_word:first_word_answer")
def draw_first(plain: Plain, rng: random.Random) -> Kwargs | None:
    words = _nouns(plain)
    return {"first_word": rng.choice(words)} if words else None


@drawer("last_word:last_word_answer")
def draw_last(plain: Plain, rng: random.Random) -> Kwargs | None:
    words = _nouns(plain)
    return {"last_word": rng.choice(words)} if words else None


@drawer("keywords:keyword_specific_position")
def draw_position(plain: Plain, rng: random.Random) -> Kwargs | None:
    words, most = _nouns(plain), len(_PLACES[plain.language])
    return (
        {"keyword": rng.choice(words), "n": rng.randint(1, 3), "m": rng.randint(1, most)} if words else None
    )


@responder("keywords:palindrome")
def palindrome(task: Task) -> None:
    task.form.end = _PALINDROMES[task.seed.language]


@responder("first_word:first_word_sent")
def first_of_each(task: Task, first_word: str) -> None:
    mark = "，" if task.seed.language == "zh" else ": "
    task.form.reword = lambda text: f"{_capital(first_word)}{mark}{text}"


@responder("last_word:last_word_sent")
def last_of_each(task: Task, last_word: str) -> None:
    comma = "，" if task.seed.language == "zh" else ", "
    task.form.reword = lambda text: f"{text[:-1]}{comma}{last_word}{text[-1]}"


@drawer("first_word:first_word_sent")
def draw_first_of_each(plain: Plain, rng: random.Random) -> Kwargs | None:
    return None if plain.seed.greeting else {"first_word": rng.choice(_BEFORE[plain.language])}


@drawer("last_word:last_word_sent")
def draw_last_of_each(plain: Plain, rng: random.Random) -> Kwargs | None:
    return None if plain.seed.greeting else {"last_word": rng.choice(_AFTER[plain.language])}


@responder("punctuation:punctuation_dot")
def no_dot(task: Task) -> None:
    """A line for each sentence, without its full stop."""
    task.form.reword, task.form.between = lambda text: _STOP.sub("", text), "\n"
    task.bans.append(lambda text: bool(re.search("[.。．…]", _STOP.sub("", text))))


@responder("punctuation:punctuation_exclamation")
def no_exclamation(task: Task) -> None:
    task.form.finish = lambda text: text.replace("!", ".").replace("！", "。")


@drawer("copy:repeat_phrase")
def draw_phrase(plain: Plain, rng: random.Random) -> Kwargs:
    return KINDS["copy:repeat_phrase"].draw(rng, Material(plain.language))


@drawer("keywords:palindrome")
@drawer("keywords:no_adjacent_consecutive")
@drawer("punctuation:punctuation_exclamation")
def draw_nothing(plain: Plain, rng: random.Random) -> Kwargs:
    return {}


@drawer("detectable_format:square_brackets")
@drawer("detectable_format:bigram_wrapping")
@drawer("detectable_format:sentence_hyphens")
@drawer("keywords:start_end")
@drawer("punctuation:punctuation_dot")
def draw_without_greeting(plain: Plain, rng: random.Random) -> Kwargs | None:
    return None if plain.seed.greeting else {}
