"""`can-become`: who gains another identity, or more power, by rights on IAM."""
