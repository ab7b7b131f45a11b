"""Pilots: does an arm pay on a team's own pictures? See `docs/pilot.md`."""
