"""Instruction and response in, verdicts out: by code, by a judge, for streams of records, and as a reward."""
