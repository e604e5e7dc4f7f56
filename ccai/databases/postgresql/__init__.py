"""PostgreSQL, with a record of what people change."""
