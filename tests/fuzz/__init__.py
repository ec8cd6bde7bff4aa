"""Requests that nobody would send who means well, made from what the API says of itself, and their judge."""
