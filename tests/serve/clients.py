"""Four clients that people have, each called as its documentation says."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from raif.serve import Server
from tests.serve.thinker import ASKED

KEY = "a-key"


@dataclass
class Seen:
    """What a client shows of a reply. `error`: the status with the server's words, if it was refused."""

    texts: list[str] = field(default_factory=list)
    reasoning: str = ""
    ended: str | None = None
    written: int | None = None
    """Tokens of all choices."""
    first: str = ""
    """The first token, if log-probabilities came."""
    chunks: int = 0
    done: bool = False
    """Whether a stream was ended by `[DONE]`, where the client shows it."""
    error: str | None = None

    def add(self, reply: dict[str, Any], part: str) -> None:
        """Add a completion, or a chunk of one; `part`: where its choices have their text."""
        self.chunks += 1
        if usage := reply.get("usage"):
            self.written = usage["completion_tokens"]
        for choice in reply.get("choices") or []:
            message = choice[part]
            index = choice["index"]
            self.texts += [""] * (index + 1 - len(self.texts))
            self.texts[index] += message.get("content") or ""
            if index == 0:
                self.reasoning += message.get("reasoning_content") or ""
            self.ended = choice.get("finish_reason") or self.ended
            tokens = (choice.get("logprobs") or {}).get("content") or []
            self.first = self.first or (tokens[0]["token"] if tokens else "")


Client = Callable[[Server, dict[str, Any], Path], Seen | None]
"""Sends a request with these parameters. None: the client has no way to send them."""


def seen(replies: Iterable[Any], part: str) -> Seen:
    found = Seen()
    for reply in replies:
        found.add(reply if isinstance(reply, dict) else reply.model_dump(), part)
    return found


def curl(server: Server, parameters: dict[str, Any], folder: Path) -> Seen | None:
    body = {"model": server.model, "messages": [{"role": "user", "content": ASKED}], **parameters}
    headers = ["-H", "Content-Type: application/json", "-H", f"authorization: bearer {KEY}"]
    url = f"{server.base_url}/chat/completions"
    given = ["-sS", "-w", "\n%{http_code}", url, *headers, "-d", json.dumps(body)]
    ran = subprocess.run(["curl", *given], capture_output=True, text=True, check=True)
    text, _, status = ran.stdout.rpartition("\n")
    if status != "200":
        return Seen(error=f"{status} {json.loads(text)['error']['message']}")
    if not parameters.get("stream"):
        return seen([json.loads(text)], "message")
    events = [line.removeprefix("data: ") for line in text.splitlines() if line.startswith("data: ")]
    found = seen((json.loads(event) for event in events if event != "[DONE]"), "delta")
    found.done = events[-1] == "[DONE]"
    return found


OWN = ("top_k", "min_p", "repetition_penalty", "chat_template_kwargs")
"""Parameters that are no part of OpenAI's API. Its package sends them as `extra_body`."""


def openai(server: Server, parameters: dict[str, Any], folder: Path) -> Seen | None:
    from openai import APIStatusError, OpenAI

    client = OpenAI(base_url=server.base_url, api_key=KEY, max_retries=0)
    own = {name: value for name, value in parameters.items() if name in OWN}
    rest: Any = {name: value for name, value in parameters.items() if name not in OWN}
    asked = {"model": server.model, "messages": [{"role": "user", "content": ASKED}], **rest}
    try:
        reply = client.chat.completions.create(**asked, extra_body=own)
    except APIStatusError as error:
        return Seen(error=f"{error.status_code} {error.message}")
    return seen(reply, "delta") if parameters.get("stream") else seen([reply], "message")


def litellm(server: Server, parameters: dict[str, Any], folder: Path) -> Seen | None:
    import litellm as package
    from openai import APIStatusError

    package.suppress_debug_info = True
    asked = {"messages": [{"role": "user", "content": ASKED}], **parameters}
    try:
        reply = package.completion(
            model=f"hosted_vllm/{server.model}",
            api_base=server.base_url,
            api_key=KEY,
            num_retries=0,
            **asked,
        )
        return seen(reply, "delta") if parameters.get("stream") else seen([reply], "message")
    except APIStatusError as error:
        return Seen(error=f"{error.status_code} {error.message}")


def llm(server: Server, parameters: dict[str, Any], folder: Path) -> Seen | None:
    """The model is one of `extra-openai-models.yaml`. Its options are a part of OpenAI's."""
    import llm as package
    import yaml
    from openai import APIStatusError

    names = {"model_id": "raif", "model_name": server.model, "api_key_name": "raif"}
    model = names | {"api_base": server.base_url, "reasoning": True}
    (folder / "extra-openai-models.yaml").write_text(yaml.safe_dump([model]))
    stream = bool(parameters.get("stream"))
    options = {name: value for name, value in parameters.items() if name not in ("stream", "stream_options")}
    chat: Any = package.get_model("raif")
    if set(options) - set(chat.Options.model_fields) or options.get("stop") == []:
        return None
    reply = chat.prompt(ASKED, stream=stream, key=KEY, **options)
    try:
        chunks = list(reply)
    except APIStatusError as error:
        return Seen(error=f"{error.status_code} {error.message}")
    return Seen(["".join(chunks)], chunks=len(chunks), written=reply.usage().output)


CLIENTS: dict[str, Client] = {"curl": curl, "openai": openai, "litellm": litellm, "llm": llm}
