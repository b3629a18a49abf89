"""Parts of speech by NLTK's averaged perceptron. No package index has its English model.

It is looked for where NLTK keeps its data, then as the archive that comes with IFBench's data. The latter is
put into private attributes of `PerceptronTagger`. Seen: NLTK 3.9.1 to 3.10.4. What is missing from another
version, `tests/text/test_private_parts.py` says.
"""

from __future__ import annotations

import json
import os
import tarfile
from functools import cache
from pathlib import Path
from typing import Any

from raif.errors import RaifError

_NAME = "averaged_perceptron_tagger_eng"
_ARCHIVE = f"ifbench/{_NAME}.tar.gz"
MISSING = (
    f"no part-of-speech model: install NLTK's {_NAME} in a folder of NLTK_DATA, "
    f"or put {_ARCHIVE} into the folder RAIF_BENCHMARK_DATA"
)


def tagger() -> Any:
    """NLTK's `PerceptronTagger` for English, or None if its model is not found."""
    return _load(os.environ.get("RAIF_BENCHMARK_DATA"))


@cache
def _load(folder: str | None) -> Any:
    from nltk.tag.perceptron import PerceptronTagger

    try:
        return PerceptronTagger()
    except LookupError:
        archive = Path(folder) / _ARCHIVE if folder else None
        return _from_archive(archive) if archive and archive.is_file() else None


def _from_archive(path: Path) -> Any:
    from nltk.tag.perceptron import PerceptronTagger

    model = PerceptronTagger(load=False)
    try:
        with tarfile.open(path) as archive:
            model.model.weights, model.tagdict, classes = (
                json.loads(archive.extractfile(f"taggers/{_NAME}/{_NAME}.{part}.json").read())  # type: ignore[union-attr]
                for part in ("weights", "tagdict", "classes")
            )
    except (tarfile.TarError, KeyError, ValueError, EOFError) as error:
        raise RaifError(f"{path}: not the part-of-speech model ({error})", "Download it again.") from None
    model.classes = model.model.classes = set(classes)
    return model
