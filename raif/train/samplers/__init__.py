"""Rollouts by vLLM, in this process or by servers, and the way of the weights to it."""
