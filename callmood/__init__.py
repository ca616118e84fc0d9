"""callmood, a real-time monitor of emotion in speech: the front door."""

__version__ = "0.1.0"
