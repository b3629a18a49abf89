"""Benchmarks: items -> messages -> responses -> verdicts -> metrics -> report."""
