"""Records, storage, search and outgoing traffic that every area shares."""
