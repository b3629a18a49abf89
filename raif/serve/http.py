"""What our own servers share: OpenAI's error bodies, `/health`, layers of middleware, and the process."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from functools import reduce
from typing import Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from raif.config.serve import ServeConfig
from raif.serve.middleware import App


class Refused(Exception):
    """An error as OpenAI's API words it. `param`: the parameter that is wrong."""

    def __init__(self, message: str, param: str | None = None, code: str | None = None, status: int = 400):
        super().__init__(message)
        self.message, self.param, self.code, self.status = message, param, code, status

    @property
    def body(self) -> dict[str, Any]:
        kind = "invalid_request_error" if self.status < 500 else "server_error"
        return {
            "error": {"message": self.message, "type": kind, "param": self.param, "code": self.code},
        }


def layered(routes: Sequence[Route], layers: Sequence[Callable[[App], App]] = ()) -> App:
    """An application with these routes and `/health`, whose errors are OpenAI's, in its middleware."""

    async def health(http: Request) -> Response:
        return JSONResponse({"status": "ok"})

    def failed(http: Request, error: Exception) -> Response:
        found = failure(error)
        return JSONResponse(found.body, found.status)

    handlers: Any = {Refused: failed, HTTPException: failed, Exception: failed}
    app: Any = Starlette(routes=[*routes, Route("/health", health)], exception_handlers=handlers)
    return reduce(lambda inner, layer: layer(inner), layers, app)


def failure(error: Exception) -> Refused:
    if isinstance(error, Refused):
        return error
    if isinstance(error, HTTPException):
        return Refused(f"{error.detail}: see docs/serve.md for the paths", status=error.status_code)
    return Refused(f"{type(error).__name__}: {error}", status=500)


async def read_body(http: Request) -> Any:
    """The request's JSON. Raises Refused."""
    try:
        return json.loads(await http.body())
    except (ValueError, RecursionError) as error:
        raise Refused(f"the request's body is not JSON: {error}") from None


def run(app: App, config: ServeConfig) -> None:
    """Serve the application at the config's address until the process is told to end."""
    import uvicorn

    uvicorn.run(
        app,
        host=config.host,
        port=config.port,
        log_level="warning",
        lifespan="off",
        timeout_graceful_shutdown=3,
    )
