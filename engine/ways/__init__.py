"""Ways into a story besides a turn: a text, a picture, a missing page, a wish; and the way out for a character."""
