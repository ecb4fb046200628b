"""Everything that leaves this machine: the address policy and the HTTP client."""
