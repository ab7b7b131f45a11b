"""Requests and how to run them: what the CLI, the Python API and replay have in common."""
