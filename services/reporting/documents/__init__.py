"""Official documents as drafts: what the read models can say for them, put together once for page and API."""
