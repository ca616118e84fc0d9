"""Recordings do not grow without bound, and can be forgotten."""
