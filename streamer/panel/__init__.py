"""The panel: a pure function of a snapshot."""
