"""Remediation: plan policy changes for findings and check them by deciding again."""
