"""SQLite, with a record of what people change."""
