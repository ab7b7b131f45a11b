"""Options: how fields are declared, checked and displayed."""
