"""Hand-written AWS requests: SimulateCustomPolicy's members, decided like an estate."""
