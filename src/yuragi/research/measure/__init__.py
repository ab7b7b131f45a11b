"""Figures of folders of pictures, compared with real pictures, counterparts or texts."""
