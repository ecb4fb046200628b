"""Entities a text names: employers, platforms, unions, government bodies and places."""
