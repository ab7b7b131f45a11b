"""How well a drag recovers a known smooth map of a photograph from a few of its points."""
