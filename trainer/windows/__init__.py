"""From clips to feature vectors, each computed once."""
