"""Prompt templates, read by `engine.prompts`; README.md says which code reads which."""
