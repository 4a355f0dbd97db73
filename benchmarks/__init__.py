"""Benchmarks: they print ratios and never fail; see README.md beside this file."""
