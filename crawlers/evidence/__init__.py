"""Pages kept as proof: raw responses, archives, their verification."""
