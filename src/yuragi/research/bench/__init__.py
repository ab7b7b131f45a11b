"""Benchmarks: measured quality and cost, as JSON that says what was run, where and how often."""
