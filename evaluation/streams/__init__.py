"""Streams made of a corpus' clips, heard through a line, and kept as tables of windows."""
