"""Where the events of a session go: journal, printed lines, alert commands and posts."""
