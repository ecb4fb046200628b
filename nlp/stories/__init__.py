"""Near-duplicate families of texts: sketches, how near two are, and a look-up that stays fast."""
