"""What a listener made of streams, held against what was said in them."""
