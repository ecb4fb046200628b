"""How a text sounds: its emotion, and whether it abuses persons or groups."""
