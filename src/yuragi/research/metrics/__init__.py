"""Measures: distances between samples, and exact targets that guidance rules are compared with."""
