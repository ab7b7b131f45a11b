"""Pictures at the edges: reading, scaling, tensors, files that carry their request."""
