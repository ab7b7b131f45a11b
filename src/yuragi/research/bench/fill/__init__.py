"""How well fills close holes like those that drags leave, where the true content is known."""
