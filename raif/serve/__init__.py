"""A checkpoint behind an OpenAI-compatible endpoint: vLLM, or the server that comes with transformers.

`backends` builds the command, `process` runs it as a child that ends with its parent, `middleware` is what we
add inside the server.
"""

from raif.serve.process import Server, serving

__all__ = ["Server", "serving"]
