"""Azure RBAC: roles, scopes, conditions, evaluation."""
