"""Faults on purpose: what a service promises whatever breaks, counted."""
