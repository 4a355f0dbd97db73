"""One writer per format, each a pure function of the one result."""
