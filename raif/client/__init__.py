"""The only door to an OpenAI-compatible server. `chat` asks for answers, `judge` for judgments on answers."""
