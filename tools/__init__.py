"""Tools for maintainers; not shipped."""
