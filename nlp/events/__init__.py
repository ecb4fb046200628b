"""Events: which texts speak of the same matter, decided as they come in."""
