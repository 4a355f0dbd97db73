"""One module per command; each parses, calls and prints, and imports what it needs."""
