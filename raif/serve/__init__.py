"""A checkpoint behind an OpenAI-compatible endpoint: vLLM, or the server that ships with transformers.

`backends` makes the command, `process` runs it as a child that ends with its parent, `middleware` is what we
add inside the server, `splitter` what it takes responses apart with.
"""

from raif.serve.process import Server, serving

__all__ = ["Server", "serving"]
