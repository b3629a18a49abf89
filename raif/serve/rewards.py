"""Scores responses over HTTP, for trainers that take the address of a reward.

    python -m raif.serve.rewards CONFIG      a ServeConfig as JSON; what backends.py starts

The reward is the one of `raif.integrations`: the share of a record's active checks that pass strictly, in
[0, 1]. Each trainer's JSON has a path of its own. In ours, `/rewards`, an unusable record has an error of its
own; a trainer's has no place for one, so an item without a reward refuses the whole batch.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import nullcontext
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from starlette.requests import Request as Http
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from raif.config.serve import RewardsConfig, ServeConfig
from raif.errors import EndpointError, RaifError, RecordError
from raif.integrations import generated, labelled, openrlhf
from raif.reasoning import Marks
from raif.serve import backends
from raif.serve.http import Refused, layered, read_body, run
from raif.types import Verification
from raif.verdicts import api
from raif.verdicts.checks import begin, verify

if TYPE_CHECKING:
    from raif.judge.judge import Judge

Item = tuple[Mapping[str, Any], str]
"""A record and the response to score."""


class Scorer:
    """Verdicts on batches, one batch after the other: checks take turns, questions are asked all at once."""

    def __init__(self, config: RewardsConfig, think: Marks, judge: Judge | None = None) -> None:
        self.think = think
        self._dialect, self._judge = config.dialect, judge
        self._thread = ThreadPoolExecutor(1)

    async def score(self, items: Sequence[Item | RaifError]) -> list[Verification | RaifError]:
        """Each item's verdicts, or why it has none. Raises EndpointError if the judge can't be asked."""
        loop = asyncio.get_running_loop()
        begun = await loop.run_in_executor(self._thread, lambda: [self._begin(item) for item in items])
        found: list[Verification | RaifError] = []
        for one in begun:
            if isinstance(one, Future):
                judged: asyncio.Future[Verification] = asyncio.wrap_future(one)
                found.append(await judged)
            else:
                found.append(one)
        return found

    def _begin(self, item: Item | RaifError) -> Future[Verification] | Verification | RaifError:
        if isinstance(item, RaifError):
            return item
        record, response = item
        try:
            instruction = api.read(record, dialect=self._dialect)
            if self._judge and instruction.questions:
                return begin(instruction, response, think=self.think, judge=self._judge)
            return verify(instruction, response, think=self.think)
        except RaifError as error:
            return error


class Endpoint:
    """Our own JSON: records as `raif verify` reads them, each with its `response`."""

    path = "/rewards"

    def __init__(self, scorer: Scorer) -> None:
        self._scorer = scorer

    async def __call__(self, http: Http) -> Response:
        body = await read_body(http)
        if not isinstance(body, dict):
            raise Refused("the request's body is not a JSON object")
        items = self._items(body)
        try:
            return JSONResponse(self._answer(await self._scorer.score(items)))
        except EndpointError as error:
            raise Refused(str(error), code="judge", status=503) from error

    def _items(self, body: Mapping[str, Any]) -> list[Item | RaifError]:
        return [_with_response(record) for record in _list(body, "records")]

    def _answer(self, found: Sequence[Verification | RaifError]) -> Any:
        results = [
            {"reward": None, "error": str(one)}
            if isinstance(one, RaifError)
            else {"reward": one.fraction, **asdict(one)}
            for one in found
        ]
        return {"rewards": [result["reward"] for result in results], "results": results}


class OpenRLHF(Endpoint):
    """`--remote_rm_url` (reward.remote_url): `query` is prompt and response, `labels` has the records."""

    path = "/rewards/openrlhf"

    def _items(self, body: Mapping[str, Any]) -> list[Item | RaifError]:
        names = ("query", "prompts", "labels")
        columns = [_list(body, name) for name in names]
        if len({len(column) for column in columns}) > 1:
            raise Refused(f"{', '.join(names)}: not equally long: {', '.join(str(len(c)) for c in columns)}")
        return [self._item(*row) for row in zip(*columns, strict=True)]

    def _item(self, query: Any, prompt: Any, label: Any) -> Item | RaifError:
        if not isinstance(query, str) or not isinstance(prompt, str):
            return RecordError("query and prompts hold something else than texts")
        try:
            return _labelled(label, openrlhf.response_of(query, prompt), prompt, self._scorer.think)
        except RaifError as error:
            return error

    def _answer(self, found: Sequence[Verification | RaifError]) -> Any:
        return {"rewards": [_number(one, place) for place, one in enumerate(found)]}


class Slime(Endpoint):
    """`--rm-type remote_rm --rm-url URL --reward-key reward`: one response; `label` has its record."""

    path = "/rewards/slime"

    def _items(self, body: Mapping[str, Any]) -> list[Item | RaifError]:
        response = body.get("response")
        if not isinstance(response, str):
            raise Refused("response: not a text", "response")
        return [_labelled(body.get("label"), response, body.get("prompt"), self._scorer.think)]

    def _answer(self, found: Sequence[Verification | RaifError]) -> Any:
        return {"reward": _number(found[0], 0)}


def _list(body: Mapping[str, Any], name: str) -> list[Any]:
    if not isinstance(body.get(name), list):
        raise Refused(f"{name}: not a list" if name in body else f"{name}: missing", name)
    return list(body[name])


def _with_response(record: Any) -> Item | RaifError:
    if not isinstance(record, dict):
        return RecordError("not a JSON object")
    response = record.get("response")
    if not isinstance(response, str):
        return RecordError("response: " + ("missing" if response is None else "not a string"))
    return {name: value for name, value in record.items() if name != "response"}, response


def _labelled(label: Any, response: str, prompt: Any, think: Marks) -> Item | RaifError:
    try:
        return labelled(label), generated(response, prompt, think)
    except RaifError as error:
        return error


def _number(found: Verification | RaifError, place: int) -> float:
    if isinstance(found, RaifError):
        raise Refused(f"item {place}: {found}", status=422)
    if found.fraction is None:
        reasons = "; ".join(dict.fromkeys(verdict.reason for verdict in found.counted)) or "no checks"
        raise Refused(f"item {place}: no check could be judged: {reasons}", status=422)
    return found.fraction


def main(config: ServeConfig) -> None:
    """Score responses until the process is told to end."""
    from raif.judge.judge import Judge

    rewards = config.rewards or RewardsConfig()
    with Judge(rewards.judge) if rewards.judge else nullcontext() as judge:
        scorer = Scorer(rewards, config.think, judge)
        ways = (Endpoint(scorer), OpenRLHF(scorer), Slime(scorer))
        routes = [Route(way.path, way.__call__, methods=["POST"]) for way in ways]
        run(layered(routes, backends.guards(config)), config)


if __name__ == "__main__":
    main(ServeConfig.model_validate_json(sys.argv[1]))
