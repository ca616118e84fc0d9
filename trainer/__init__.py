"""The training wing: from recordings to a model folder."""
