"""Models by name: where they are, which are at hand, and what the user calls them."""
