"""The only door to an OpenAI-compatible server. `chat` asks for answers; a judge will stand beside it."""
