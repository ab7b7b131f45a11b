"""Deliberate faults: how often a service breaks its promises when something fails."""
