"""Collect, load, decide, link: from provider answers to who can run what where."""

__version__ = "0.1.0"

#: The ATT&CK release that every output names (mitre-attack, 2025-11-13).
ATTACK_VERSION = "18.1"
