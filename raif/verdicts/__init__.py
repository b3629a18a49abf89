"""An instruction and a response in, verdicts out: by code, by a judge, on streams, and as a reward."""
