"""Collects public posts: source types, extraction, politeness."""
