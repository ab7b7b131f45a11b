"""Drags of cut-outs over photographs, whose true results are known."""
