"""Whether a text is well-formed XML, by expat, without building a tree."""

from __future__ import annotations

from typing import NoReturn
from xml.parsers import expat


def flaw(text: str) -> str | None:
    """Why `text` is not a well-formed XML document with its prefixes bound to namespaces. None if it is.

    A document that declares entities is refused: a few lines of them can grow to gigabytes.
    """

    def refuse(*declaration: object) -> NoReturn:
        raise expat.ExpatError("entities are not accepted")

    parser = expat.ParserCreate(namespace_separator="}")
    parser.EntityDeclHandler = parser.SkippedEntityHandler = refuse
    try:
        parser.Parse(text, True)
    except (expat.ExpatError, UnicodeEncodeError) as error:
        return str(error)
    return None
