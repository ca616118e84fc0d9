"""From feature vectors to a machine that says how likely each emotion is."""
