"""The judge: a model that scores answers, on a server or in this process.

`judge` asks yes/no questions and `judgment` reads the replies; `requests` makes the requests of benchmarks,
in rounds; `audit` measures how far a judge agrees with labels.
"""
