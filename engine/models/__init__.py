"""Models that an operator pulls by name: fetched once from the model hub, kept as plain folders, opened from there."""
