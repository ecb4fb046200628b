"""Claiming visits, and writing what came of them."""
