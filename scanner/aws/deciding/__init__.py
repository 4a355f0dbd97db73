"""The AWS decision engine, by class: statements, resource spaces, layers and joins."""
