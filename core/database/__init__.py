"""PostgreSQL: the embedded server, sessions, the schema and its migrations."""
