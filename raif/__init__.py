"""raif: make language models follow complex instructions by reasoning (the RAIF recipe, arXiv 2506.01413)."""

__version__ = "0.1.0"
