"""Pledges: movements, the pledge and its targets."""
