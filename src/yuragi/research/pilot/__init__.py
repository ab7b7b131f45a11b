"""Pilots: is an arm worthwhile on a team's own pictures? See `docs/pilot.md`."""
