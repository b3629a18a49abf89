"""Multi-IF: its rows, and how their turns are scored."""
