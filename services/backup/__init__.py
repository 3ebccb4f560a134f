"""Backups of a whole system: made while it runs, checked byte for byte, and brought back into an empty one."""
