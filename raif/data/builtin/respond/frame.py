"""What stands around the sentences: placeholders, postscript, the given end, quotation marks, the request."""

from __future__ import annotations

from raif.data.builtin.respond import bank
from raif.data.builtin.respond.draft import Draft
from raif.data.builtin.respond.responder import Facts, Stage, phrases, responder


@responder(
    "detectable_content:number_placeholders",
    Stage.FRAME,
    en=(
        "At least {num_placeholders:placeholder} in square brackets: {names}.",
        "Square brackets for {names}, that makes {num_placeholders}.",
        "I leave {names} open, at least {num_placeholders:placeholder} as asked.",
    ),
    zh=("至少{num_placeholders}个占位符：{names}。", "用方括号留出{names}，共{num_placeholders}个。"),
)
def number_placeholders(draft: Draft, num_placeholders: int) -> Facts:
    language = draft.seed.language
    choices = draft.rng.sample(bank.PLACEHOLDERS[language], len(bank.PLACEHOLDERS[language]))
    lines = ["".join(pieces[:num_placeholders]) + bank.STOP[language] for pieces in choices]
    line = draft.add_one(lines, draft.closing)
    names = [part.split("]")[0] for part in line.split("[")[1:]]
    return lambda: {"names": phrases([draft.case(f"[{name}]") for name in names], language)}


@responder(
    "detectable_content:postscript",
    Stage.FRAME,
    en=(
        'A postscript at the end with {postscript_marker} Mine says "{note}"',
        'After the answer comes {postscript_marker} and then "{note}"',
        'Postscript marker {postscript_marker} followed by "{note}"',
    ),
    zh=("文末写“{postscript_marker}”，后面是“{note}”", "附言以“{postscript_marker}”开头，写“{note}”"),
)
def postscript(draft: Draft, postscript_marker: str) -> Facts:
    stop = "" if postscript_marker.endswith((".", "：")) else "."
    marker = postscript_marker + stop + " " * (not postscript_marker.endswith("："))
    notes = bank.POSTSCRIPTS[draft.seed.language]
    line = draft.add_one([marker + note for note in draft.rng.sample(notes, len(notes))], draft.tail)
    return lambda: {"note": draft.case(line.removeprefix(marker))}


@responder(
    "startend:end_checker",
    Stage.EDGE,
    en=(
        "Last words: {phrase} Nothing comes after them.",
        "End with: {phrase} So that is the last line.",
        "The final line must be: {phrase}",
    ),
    zh=("最后一句写：{phrase}后面不再写。", "结尾是：{phrase}"),
)
def end_checker(draft: Draft, end_phrase: str) -> Facts:
    draft.tail.append(end_phrase)
    return lambda: {"phrase": draft.case(end_phrase)}


@responder(
    "startend:quotation",
    Stage.EDGE,
    en=(
        "Double quotes around everything: one before {first} and one after {last}",
        "The first and the last character are double quotation marks, before {first} and after {last}",
        "I open with a double quote before {first} and close with one at the end.",
    ),
    zh=(
        "用一对双引号括起全文，从“{first}”前开始。",
        "第一个字符是前引号，最后一个是后引号，开头是“{first}”。",
    ),
)
def quotation(draft: Draft) -> Facts:
    draft.quoted = True
    draft.shape.introduced = not draft.head
    return lambda: _edges(draft.answer.strip('"“”'), draft.seed.language)


def _edges(text: str, language: str) -> dict[str, str]:
    words = text.replace("<", "").replace(">", "").split()
    return {"first": words[0][:4] if language == "zh" else words[0], "last": words[-1]}


@responder(
    "combination:repeat_prompt",
    Stage.EDGE,
    en=(
        'Copy the request first, from "{start}" to "{stop}", then answer.',
        'I begin with the request word for word: "{start} ... {stop}"',
        'Repeat it unchanged at the top: it starts "{start}" and the answer follows.',
    ),
    zh=("先逐字重复请求：“{start}……”，再回答。", "开头照抄请求，从“{start}”开始，然后作答。"),
)
def repeat_prompt(draft: Draft, prompt_to_repeat: str) -> Facts:
    draft.head.insert(0, prompt_to_repeat)
    if draft.seed.language == "zh":
        return lambda: {"start": prompt_to_repeat[:6]}
    given = prompt_to_repeat.split()
    return lambda: {"start": " ".join(given[:3]), "stop": " ".join(given[-2:])}


@responder(
    "combination:two_responses",
    Stage.SHAPE,
    en=(
        "Two answers with ****** between: first {first}; second {second}.",
        "Six asterisks part two different answers. One has {first}, the other {second}.",
        "I write one answer on {first}, then ******, then one on {second}.",
    ),
    zh=(
        "两个回答用 ****** 隔开：先写{first}，再写{second}。",
        "第一个讲{first}，第二个讲{second}，中间是 ******。",
    ),
)
def two_responses(draft: Draft) -> Facts:
    draft.shape.paragraphs, draft.shape.divider, draft.shape.interleaved = 2, "\n******\n", True
    language = draft.seed.language
    return lambda: {
        "first": phrases(draft.topics[0::2], language),
        "second": phrases(draft.topics[1::2], language),
    }
