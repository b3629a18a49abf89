"""Language models in this process: loading, chat templates, decoding, the output head."""
