"""Who is fitted on, who is tested, and everything that is scored in between."""
