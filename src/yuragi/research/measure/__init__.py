"""Figures of folders: against real pictures, against counterparts, and against texts."""
