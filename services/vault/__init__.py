"""The personal data vault: what opens the log's commitments, erasable, opened by no running service."""
