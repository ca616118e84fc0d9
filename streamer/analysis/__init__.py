"""From blocks to rows: the legs of each source, their windows, gate, model and smoothing."""
