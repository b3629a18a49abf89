"""The built-in generator, offline: packaged seeds, constraints that can be met together, expert answers."""
