"""The client of OpenAI-compatible servers: chat completions, paid requests, and a store for replies."""
