"""Editing methods in ODE, SDE and adaptive form, on cases whose true results are known."""
