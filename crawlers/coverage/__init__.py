"""The coverage ledger: what was seen, what was to be expected, and what operators are told."""
