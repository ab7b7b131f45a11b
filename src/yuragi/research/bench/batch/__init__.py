"""The cost of a batch and of its parts, and how engines scale with workers."""
