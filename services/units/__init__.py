"""Units: the registry, the year and its frame, reports, scores and the ranking."""
