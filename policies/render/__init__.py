"""Changes as files that people apply: documents, infrastructure code and scripts.

One module per form. Each takes the steps of a remediation and returns files by name,
and says in words which steps it cannot do and why: nothing is silently absent.
"""
