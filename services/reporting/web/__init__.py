"""JSON API and pages over the queries of the read models."""
