"""Provenance: what made a picture, written into the picture."""
