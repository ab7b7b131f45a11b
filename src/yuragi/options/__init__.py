"""Options: how fields are declared, checked, and shown to people."""
