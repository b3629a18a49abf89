"""FollowBench: constraints that are added one at a time, scored by level."""
