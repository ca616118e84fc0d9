"""The listening wing: from a block of sound to a row on the screen."""
