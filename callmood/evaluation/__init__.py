"""How good models are: streams made of corpora, classified as a live session does, and scored."""
