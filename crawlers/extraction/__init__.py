"""Reading pages: their encoding, their article and what surrounds it."""
