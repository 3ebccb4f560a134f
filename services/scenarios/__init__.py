"""Scenarios: years of a cluster as data that a player publishes event by event."""
