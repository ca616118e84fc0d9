"""Recipes: from the windows of streams to a classifier."""
