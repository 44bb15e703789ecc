"""Visual memory: what was drawn, what of it a new brief needs, and the underdrawing laid out from it."""
