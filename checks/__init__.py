"""Findings on M1026: data plus one pure function over the access graph each."""
