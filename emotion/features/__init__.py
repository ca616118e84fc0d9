"""Feature sets: from samples to feature vectors, the same offline and live."""
