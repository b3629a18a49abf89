"""How a model answers the packaged requests, so that experts can speak in its own words."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, NonNegativeInt, PositiveInt

from raif.config.base import Section
from raif.config.builtin import Language
from raif.config.models import LocalConfig


class RetellConfig(Section):
    """The packaged requests, answered without any constraint by a model in this process."""

    mode: Literal["retell"] = "retell"
    """Who writes the answers. retell: a model, in its own words."""

    model: str | None = None
    """Who answers: a folder, a hub id, or `packaged:smollm2-135m`. null, in `raif train`: the model that is
    trained."""

    local: LocalConfig = LocalConfig()

    languages: tuple[Language, ...] = ("en",)
    """The languages of the requests."""

    longest: NonNegativeInt = 60
    """Maximum length of a request, in words or in Chinese characters. 0: no maximum."""

    samples: PositiveInt = 3
    """Answers to each request. Each of four sentences or more becomes a seed of its own."""

    max_new_tokens: PositiveInt = 128
    """Maximum length of an answer. A sentence that is cut off there is left out."""

    temperature: float = Field(0.7, gt=0, le=2, allow_inf_nan=False)
    """Of its sampling. Lower: likelier sentences, and answers to one request that are more alike."""

    seed: NonNegativeInt = 0
    """Determines the answers."""
