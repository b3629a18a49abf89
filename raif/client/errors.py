"""What a server refused, in its own words, with what to do next."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from raif.config.models import EndpointConfig
from raif.errors import EndpointError, RefusedRequest

if TYPE_CHECKING:
    from openai import APIError

_HINTS = {
    400: "Does the server know this model name, and do prompt and sampling.max_tokens (for raif eval: "
    "context.size) fit its context?",
    401: "Put the key into the environment variable {key}.",
    403: "Put a key that may use this model into the environment variable {key}.",
    404: "The base URL should end in /v1, and the model name be one that the server knows.",
    429: "Lower endpoint.concurrency, or wait and go on with --resume.",
}
_REFUSED = {400, 413, 422}
"""What servers answer to a request that is wrong in itself."""
_NO_ANSWER = "Is the server running, and is this its address? `raif serve MODEL` starts one."
_TOO_SLOW = "Raise endpoint.timeout, or lower endpoint.concurrency or sampling.max_tokens."
_SERVER_FAULT = "The server's own log says more; go on with --resume when it is mended."


def explained(error: APIError, endpoint: EndpointConfig) -> EndpointError:
    """The package's error as one that names the server, its words and the remedy."""
    from openai import APIConnectionError, APIStatusError, APITimeoutError

    where = f"{endpoint.base_url}: "
    if isinstance(error, APITimeoutError):
        return EndpointError(f"{where}no answer within {endpoint.timeout:g} seconds", _TOO_SLOW)
    if isinstance(error, APIConnectionError):
        return EndpointError(f"{where}can't be reached ({error.__cause__ or error.message})", _NO_ANSWER)
    if isinstance(error, APIStatusError):
        hint = _HINTS.get(error.status_code, _SERVER_FAULT).format(key=endpoint.api_key_env)
        kind = RefusedRequest if error.status_code in _REFUSED else EndpointError
        return kind(f"{where}HTTP {error.status_code}: {_words(error)}", hint)
    return EndpointError(f"{where}{error.message}", _SERVER_FAULT)


def not_a_completion(answer: Any, endpoint: EndpointConfig) -> EndpointError:
    return EndpointError(f"{endpoint.base_url}: not a chat completion: {str(answer)[:200]!r}", _HINTS[404])


def _words(error: APIError) -> str:
    body = error.body
    if isinstance(body, dict):
        body = body.get("message") or body.get("detail") or body
    return str(body or error.message).strip()
