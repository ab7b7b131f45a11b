"""Measures: distances between samples, and exact targets for the comparison of guidance rules."""
