"""Editing methods in ODE, SDE and adaptive form where the true result is known."""
