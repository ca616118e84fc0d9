"""The article's synthetic clips: how they sound, and their files."""
