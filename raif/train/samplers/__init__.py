"""Samplers: they sample the responses that training learns from, with the policy itself or with vLLM, in this
process or on servers.
"""
