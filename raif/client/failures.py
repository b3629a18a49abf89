"""Attempts that failed: why, whether another one can help, whether it may cost, and what to tell the user."""

from __future__ import annotations

import random
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

from raif.client.proxies import said_of_proxy
from raif.config.models import EndpointConfig
from raif.errors import EndpointError, FailedRequest, RefusedRequest

if TYPE_CHECKING:
    from openai import APIError

FIRST, LONGEST = 0.5, 8.0
"""Seconds of the first wait before a retry, and the limit for waits that double."""
TOO_LONG = 120.0
"""The longest wait in seconds that we accept from a server; beyond it, the user decides."""

_HINTS = {
    400: "Does the server know this model name, and do prompt and sampling.max_tokens (for raif eval: "
    "context.size) fit its context?",
    401: "Put the key into the environment variable {key}.",
    402: "The account has no money left. Pay, then resume with --resume.",
    403: "Put a key that may use this model into the environment variable {key}.",
    404: "The base URL should end in /v1, and the server must know the model name.",
    429: "Lower endpoint.concurrency, or wait and resume with --resume.",
}
REFUSED = {400, 413, 422}
"""How servers answer a request that is itself wrong."""
_ALL_ALIKE = {401, 402, 404, 429}
"""How servers answer whatever is asked: no other request would fare better."""
_TEMPORARY = {408, 409, 429}
_CROWDED = {408, 429, 503, 504, 524, 529}
"""How servers answer that have more to do than they can."""
_QUOTA = {
    *("insufficient_quota", "billing_hard_limit_reached", "billing_not_active"),
    *("exceeded_current_quota_error", "Arrearage"),
}
"""By which code or type OpenAI, Moonshot and Alibaba say that nothing is left to pay with, whatever the
status. Gateways pass it on as part of a text, with HTTP 429."""
_GATEWAY_TIMEOUT = {504, 524}
"""The server behind the gateway may have gone on, and charge for the reply."""
_AFTER_CONNECTING = {
    "ReadError",
    "WriteError",
    "CloseError",
    "RemoteProtocolError",
    "DecodingError",
    "EndOfStream",
}
"""Errors of the package's HTTP library, by name: it has changed its library before."""
_NO_ANSWER = "Is the server running, and is this its address? `raif serve MODEL` starts one."
_TOO_SLOW = "Raise endpoint.timeout, or lower endpoint.concurrency or sampling.max_tokens."
_SERVER_FAULT = "See the server's own log; once fixed, resume with --resume."


class Failed(Exception):
    """One attempt at a request that failed. Raised only between the parts of the client."""

    def __init__(
        self,
        error: EndpointError,
        *,
        status: int | None = None,
        temporary: bool = True,
        wanted: float | None = None,
        charged: bool = False,
        late: bool = False,
        body: object = None,
    ) -> None:
        super().__init__(error.message)
        self.error = error
        """What to raise if no other attempt is made."""
        self.status, self.temporary = status, temporary
        self.wanted = wanted
        """Seconds that the server wants us to wait; None if it doesn't say."""
        self.charged = charged
        """Whether the server may charge for it: it may have made a reply that didn't arrive."""
        self.crowded = late or status in _CROWDED
        """Whether fewer requests at once may help."""
        self.body = body
        """The body of the server's answer, if it is an error."""

    @property
    def limited(self) -> bool:
        """Whether the server has refused it only because there are others."""
        return self.status == 429


def pause(failed: Failed, attempt: int) -> float | None:
    """Seconds to wait after a failed attempt, counted from 0; None if another attempt is of no use.

    The server's Retry-After decides. Without it, waits double, with some jitter.
    """
    if not failed.temporary:
        return None
    if failed.wanted is None:
        return min(FIRST * 2**attempt, LONGEST) * random.uniform(0.75, 1)
    return failed.wanted if failed.wanted <= TOO_LONG else None


def retry_after(header: str) -> float | None:
    """Seconds requested by a Retry-After header, a number or a date; None if it is neither."""
    try:
        return max(0.0, float(header))
    except ValueError:
        pass
    try:
        return max(0.0, (parsedate_to_datetime(header) - datetime.now(UTC)).total_seconds())
    except (ValueError, TypeError):  # not a date, or a date without a time zone
        return None


def of_package(error: APIError, endpoint: EndpointConfig) -> Failed:
    """The package's error as ours, with the server's address, its words and what to do next."""
    from openai import APIConnectionError, APIStatusError, APITimeoutError

    where = f"{endpoint.base_url}: "
    cause = type(error.__cause__).__name__
    if isinstance(error, APITimeoutError):
        late = f"{where}no answer within {endpoint.timeout:g} seconds"
        charged = cause not in {"ConnectTimeout", "PoolTimeout"}
        return Failed(FailedRequest(late, _TOO_SLOW, "no answer in time"), charged=charged, late=True)
    if isinstance(error, APIConnectionError):
        said = f"({error.__cause__ or error.message})"
        if cause in _AFTER_CONNECTING:
            lost = FailedRequest(f"{where}the connection was lost {said}", _SERVER_FAULT, "connection lost")
            return Failed(lost, charged=True)
        return Failed(
            EndpointError(f"{where}can't be reached {said}", _NO_ANSWER + said_of_proxy(endpoint.base_url))
        )
    if not isinstance(error, APIStatusError):
        return Failed(FailedRequest(f"{where}{error.message}", _SERVER_FAULT, "error of the client"))
    wanted = retry_after(error.response.headers.get("retry-after", ""))
    return of_status(error.status_code, error.body or error.message, endpoint, wanted)


def of_status(status: int, body: object, endpoint: EndpointConfig, wanted: float | None = None) -> Failed:
    """An HTTP status that says that the request failed, with the body of the answer."""
    if _no_quota(body) or (status == 429 and any(code in str(body) for code in _QUOTA)):
        return _without_money(body, endpoint)
    message = f"{endpoint.base_url}: HTTP {status}: {words(body)}"
    hint = _HINTS.get(status, _SERVER_FAULT).format(key=endpoint.api_key_env)
    error: EndpointError
    if status in _ALL_ALIKE:
        error = EndpointError(message, hint)
    else:
        error = (RefusedRequest if status in REFUSED else FailedRequest)(message, hint, f"HTTP {status}")
    return Failed(
        error,
        status=status,
        temporary=status in _TEMPORARY or status >= 500,
        wanted=wanted,
        charged=status in _GATEWAY_TIMEOUT,
        body=body,
    )


def of_error_body(said: object, endpoint: EndpointConfig) -> Failed:
    """What a server answers with HTTP 200, but as an error: its code, if it has one, is the real status."""
    code = str(said.get("code", said.get("status", ""))) if isinstance(said, dict) else ""
    if code.isdecimal() and 400 <= int(code) < 600:
        return of_status(int(code), said, endpoint)
    if _no_quota(said):
        return _without_money(said, endpoint)
    message = f"{endpoint.base_url}: an error with HTTP 200: {words(said)}"
    return Failed(FailedRequest(message, _SERVER_FAULT, "an error with HTTP 200"))


def _no_quota(body: object) -> bool:
    return isinstance(body, dict) and not _QUOTA.isdisjoint({str(body.get("code")), str(body.get("type"))})


def _without_money(body: object, endpoint: EndpointConfig) -> Failed:
    """No other request would fare better, and waiting doesn't help."""
    message = f"{endpoint.base_url}: the quota is exhausted: {words(body)}"
    return Failed(EndpointError(message, _HINTS[402]), status=402, temporary=False)


def words(body: object) -> str:
    """What a server says in the body of an error."""
    if isinstance(body, dict):
        body = body.get("message") or body.get("detail") or body
    return str(body).strip()


def unreadable(text: str, endpoint: EndpointConfig) -> Failed:
    """An answer with HTTP 200 that is no chat completion: cut off, garbled, or of another service."""
    message = f"{endpoint.base_url}: not a chat completion: {text[:200]!r}"
    return Failed(FailedRequest(message, _HINTS[404], "not a chat completion"), charged=True)


def filtered(endpoint: EndpointConfig) -> Failed:
    """A reply that the server's content filter has taken away or cut off: not what the model wrote."""
    message = f"{endpoint.base_url}: the server's content filter ended the reply"
    return Failed(FailedRequest(message, _HINTS[400], "content filter"), temporary=False, charged=True)
