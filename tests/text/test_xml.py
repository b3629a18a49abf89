import time

import pytest

from raif.text.xml import flaw

BOMB = "<!DOCTYPE a [<!ENTITY x 'xxxxxxxxxx'><!ENTITY y '&x;&x;&x;&x;&x;&x;&x;&x;&x;'>]><a>&y;</a>"


@pytest.mark.parametrize(
    "text",
    [
        "<a/>",
        '<?xml version="1.0" encoding="gbk"?>\n<茶 类="绿">热</茶>',
        "<a>&lt;&amp;&#33;<![CDATA[<<]]></a>",
        "<!DOCTYPE a><a/>",
        " <a/>\n",
        '<p:a xmlns:p="u"/>',
    ],
)
def test_well_formed_document_has_no_flaw(text: str) -> None:
    assert flaw(text) is None


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a",
        "<a>",
        "<a></b>",
        "<a/><b/>",
        "x<a/>",
        "<a>&</a>",
        "<a>&b;</a>",
        "<a b=c/>",
        "<p:a/>",
        "<a\x00/>",
    ],
)
def test_anything_else_has_one(text: str) -> None:
    assert flaw(text)


def test_entities_are_refused_before_they_grow() -> None:
    assert flaw(BOMB) == "entities are not accepted"
    assert flaw('<!DOCTYPE a SYSTEM "file:///etc/passwd"><a>&x;</a>') == "entities are not accepted"


def test_half_a_surrogate_pair_is_a_flaw() -> None:
    assert flaw("<a>\ud800</a>")


@pytest.mark.parametrize(
    "text", ["<a>" * 300_000, "<" * 1_000_000, "<a " + "b='' " * 200_000, "&" * 1_000_000]
)
def test_long_input_takes_no_time(text: str) -> None:
    start = time.process_time()
    assert flaw(text)
    assert time.process_time() - start < 1
