"""Ballots: the conference, its votes and elections, the dossier and the decisions."""
