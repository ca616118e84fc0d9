"""What a session says line by line: journal, JSON, plain text."""
