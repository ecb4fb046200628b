"""What source types share in reading lists, threads, interfaces and recordings."""
