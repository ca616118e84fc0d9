"""What a session keeps of its sound."""
