"""From a rule such as `angry>0.7 for 5s` to an alert, and where alerts go: a command, a POST."""
