"""The command `callmood`."""


def main() -> int:
    """Placeholder."""
    return 0
