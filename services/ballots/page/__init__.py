"""The page to vote by secret ballot: it encrypts in the voter's browser; no vote comes back to this service."""
