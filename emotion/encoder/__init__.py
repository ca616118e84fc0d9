"""A pretrained network that hears speech: from sound to numbers every 24 ms."""
