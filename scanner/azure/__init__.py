"""Azure: collect, load, vectors, reach, decide, link; `rbac/` holds role semantics."""
