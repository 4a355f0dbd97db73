"""Read AWS evidence into the typed estate, one scope of answers at a time."""
