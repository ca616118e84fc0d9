"""`callmood doctor`: check everything that listening needs."""
