"""Recipes: from the windows of streams to something that listens."""
