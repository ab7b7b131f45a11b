"""Cut-outs moved over photographs, whose true result is known."""
