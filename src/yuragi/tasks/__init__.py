"""Requests and how they run, for the command line, the Python API and replay."""
