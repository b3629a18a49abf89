"""The whole response as XML. IFEval has no such kind; the method's training data asks for it."""

from __future__ import annotations

from raif.constraints.format import unfenced
from raif.constraints.kind import PROSE, Example, Outcome, kind
from raif.text.xml import flaw


def xml_outcome(text: str) -> Outcome:
    """Whether `text` is one XML document."""
    found = flaw(text)
    return Outcome(found is None, f"not XML: {found}" if found else "well-formed XML")


@kind(
    "detectable_format:xml_format",
    wordings={
        "en": (
            "Your entire output should be one XML document.",
            "Respond with well-formed XML and nothing else. Markdown ticks such as ``` are allowed.",
            "Write the whole answer as XML, inside a single root element.",
        ),
        "zh": (
            "整个输出必须是一个 XML 文档。",
            "请只输出格式正确的 XML，可以使用 markdown 代码块（```）。",
            "全部回答都要写成 XML，并放在同一个根元素里。",
        ),
    },
    draw=lambda rng, material: {},
    conflicts=PROSE | {"detectable_format:json_format", "detectable_format:constrained_response"},
    examples=(
        Example(True, "```xml\n<tea><kind>green</kind></tea>\n```", {}),
        Example(False, "Here it is: <tea>green</tea>", {}),
    ),
)
def xml_format(response: str) -> Outcome:
    """The whole response is one well-formed XML document, with or without a code fence around it."""
    return xml_outcome(unfenced(response.strip(), "xml"))
