"""AWS: collect, load, vectors, reach, decide, link; `iam/` holds the policy language."""
