"""The Azure change kinds: role assignments, custom roles and eligibility."""
