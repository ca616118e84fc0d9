"""Synthetic sounds: the article's tones, and sounds that are not speech."""
