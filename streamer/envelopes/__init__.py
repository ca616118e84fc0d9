"""How the power of legs goes up and down: what leaks from one into another, and who talks right now."""
