"""Above both wings: streams made of corpora, scores, and what they cost."""
