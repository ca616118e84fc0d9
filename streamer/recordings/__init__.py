"""What sessions save to disk: clips, session audio, and the folder that holds them to its limits."""
