"""Collect Azure: ask ARM and Microsoft Graph, and keep the answers as they came."""
