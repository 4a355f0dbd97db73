"""The IAM policy language: documents, patterns, conditions, evaluation."""
