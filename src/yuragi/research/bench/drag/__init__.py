"""Drag methods on portraits whose true results are known."""
