"""How a response ends, and whether it is wrapped in quotation marks."""

from __future__ import annotations

from raif.constraints.kind import Example, Outcome, kind

_ENDINGS = {
    "en": ("Is there anything else I can help with?", "That is all you need to know.", "I hope this helps."),
    "zh": ("还有什么我可以帮忙的吗？", "以上就是全部内容。", "希望对你有帮助。"),
}


@kind(
    "startend:end_checker",
    wordings={
        "en": (
            'Let this be the closing phrase, exactly as quoted and with nothing behind it: "{end_phrase}"',
            'The very last words of your answer should be "{end_phrase}"',
            'End with "{end_phrase}" and write nothing after that.',
            'Have it close with "{end_phrase}" and nothing more.',
            'The last thing I want to read is "{end_phrase}"',
        ),
        "zh": (
            "请以“{end_phrase}”这句话结束回答，其后不得再有其他文字。",
            "回答的最后一句必须是“{end_phrase}”",
            "回答结尾必须一字不差地写上“{end_phrase}”，之后不要再写任何内容。",
            "用“{end_phrase}”收尾，一字不改，后面不加别的。",
            "全文以“{end_phrase}”作结。",
        ),
    },
    draw=lambda rng, material: {"end_phrase": rng.choice(_ENDINGS.get(material.language, _ENDINGS["en"]))},
    # The quotation mark at the very end would follow the phrase that nothing may follow.
    conflicts=frozenset({"startend:quotation"}),
    examples=(
        Example(True, "It is done. The end.", {"end_phrase": "the end."}),
        Example(False, "The end. Goodbye!", {"end_phrase": "the end."}),
    ),
)
def end_checker(response: str, *, end_phrase: str) -> Outcome:
    """The response ends with the phrase, in any case. Quotation marks around the response are ignored."""
    text = response.strip().strip('"').lower()
    return Outcome(text.endswith(end_phrase.strip().lower()), f'ends with "{text[-40:]}"')


@kind(
    "startend:quotation",
    wordings={
        "en": (
            "Set double quotation marks around the whole of what you write.",
            'Put your whole answer inside double quotes, like this: "...".',
            'Your response should begin and end with a double quotation mark (").',
            "Open with a double quotation mark and close with one.",
            "Wrap the whole thing in double quotes.",
        ),
        "zh": (
            "请用一对双引号把整个回答括起来，“”、「」或英文引号都可以。",
            "整个回答必须放在一对引号之内，例如“……”。",
            "回答的第一个字符应是前引号，最后一个字符应是与之成对的后引号。",
            "全文首尾各加一个引号，把内容括在里面。",
            "请把全部内容写在双引号里。",
        ),
    },
    draw=lambda rng, material: {},
    conflicts=frozenset({"detectable_format:title"}),  # a title is outside the quoted text
    examples=(Example(True, '"All of it."', {}), Example(False, "“All of it.”", {})),
)
def quotation(response: str) -> Outcome:
    """The first and the last character are ASCII double quotation marks."""
    text = response.strip()
    passed = len(text) > 1 and text[0] == text[-1] == '"'
    return Outcome(passed, f"{'' if passed else 'not '}wrapped in double quotation marks")
