"""The embedded models: weights, their cards, and the paper dolls."""
