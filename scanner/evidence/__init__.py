"""Evidence: the raw API answers on disk, the only input of every analysis."""
