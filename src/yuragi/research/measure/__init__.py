"""Figures of folders of pictures: against real ones, against their counterparts, and their texts."""
