"""Azure Policy: which writes of resources its deny effect stops, whoever asks."""
