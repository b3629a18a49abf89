"""ComplexBench: composed instructions, scored by questions with dependencies."""
