"""Language models for inference: loading, chat templates, decoding, the output head, a local judge."""
