"""Migrations: a numbered list, oldest first, run at start. Each is written by hand and tested on filled tables."""
