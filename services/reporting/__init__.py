"""Reporting: follows the log into SQL read models, and guards the log by its archive."""
