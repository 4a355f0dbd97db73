"""Builds the bundled example estate: a believable company, written as evidence.

Run `python -m tools.example_estate` after a change; a test compares the result.
"""
