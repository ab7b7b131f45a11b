"""Holes as drags leave them, of which the true content is known: how well a fill closes them."""
