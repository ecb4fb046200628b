"""How much of an answer is read at most, packed or unpacked, by the downloader or from the browser."""

LARGEST_BODY = 5_000_000
