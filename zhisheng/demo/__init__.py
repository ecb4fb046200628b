"""The demo: a small invented world on loopback, and an installation that watches it."""
