"""Everything that is kept: rows in SQLite or PostgreSQL, pictures encrypted beside them.

`open_library(settings)` gives the `Library` of engine/ports.py, checked, migrated and alone on its file.
"""

from engine.store.library import SqlLibrary
from engine.store.opening import open_library
from engine.store.session import current_session

__all__ = ["SqlLibrary", "current_session", "open_library"]
