"""Edits: inversion, manipulation, integration. This room holds what every edit shares."""

from yuragi.edit.manipulate import composite, keep_outside, watch

__all__ = ["composite", "keep_outside", "watch"]
