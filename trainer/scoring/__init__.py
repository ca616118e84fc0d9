"""How good a machine is on clips that it has not seen, and how that is told."""
