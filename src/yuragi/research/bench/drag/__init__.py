"""Ways to drag on portraits whose true result is known."""
