"""A checkpoint behind an OpenAI-compatible endpoint, by vLLM or by our own server, and rewards over HTTP.

`backends` builds the command, `process` runs it as a child that ends with its parent. Inside the child,
`middleware` is what both back-ends get; our own server is `application`, which reads `requests` and asks the
engine in `raif.models`. `rewards` is the other one of our own; `http` is what these two share.
"""

from raif.serve.process import Server, serving

__all__ = ["Server", "serving"]
