"""What `callmood doctor` looks at: a file a family of checks."""
