"""`transformers serve` with our middleware: `python -m raif.serve.transformers_server CLASSES serve OPTIONS`.

Unlike vLLM it has no option for middleware, so the function that builds its application is wrapped. This
keeps its options and needs no second server in front. Only this module knows that private function,
`transformers.cli.serving.server.build_server`; transformers 5.19 was seen. If another version has another,
`test_transformers_builds_its_application_through_our_wrapper` fails first.
"""

from __future__ import annotations

import sys
from functools import reduce
from typing import Any

from transformers.cli import transformers
from transformers.cli.serving import server

from raif.serve import middleware


def main() -> None:
    names = [name for name in sys.argv.pop(1).split(",") if name]
    build = server.build_server

    def wrapped(*args: Any, **kwargs: Any) -> Any:
        layers = [getattr(middleware, name) for name in names]
        return reduce(lambda app, layer: layer(app), layers, build(*args, **kwargs))

    server.build_server = wrapped
    transformers.main()


if __name__ == "__main__":
    main()
