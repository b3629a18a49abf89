"""CELLO: complex instructions in Chinese, scored by code."""
