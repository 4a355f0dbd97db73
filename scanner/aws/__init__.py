"""AWS: collect, load, vectors, reach, decide, link; `iam/` is the policy language."""
