"""What a batch costs: its parts, and how engines scale with workers."""
