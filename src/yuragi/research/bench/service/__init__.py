"""Benchmarks of the service: load, and faults."""
