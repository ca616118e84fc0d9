"""What there is to learn from: clips, their labels, speakers and licences, and the side kept for the test."""
