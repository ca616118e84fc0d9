"""What features, models and open streams cost, side by side with peers."""
