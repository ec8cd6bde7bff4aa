"""Django's SQLite backend, whose writers queue at a lock file instead of polling."""
