"""One module a subcommand; each imports its wing only when it runs."""
