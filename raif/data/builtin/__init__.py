"""The built-in generator, offline: our seeds, constraints that can be met together, experts to meet them."""
