"""The same reads as the pages, as JSON under /api/v1."""
