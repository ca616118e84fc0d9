"""The terminal: keys in, frames out, everything as it was afterwards."""
