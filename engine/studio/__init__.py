"""The process that holds the models, and how the face talks to it."""
