"""What a window holds before any model is asked: speech, silence, noise, or sound that was clipped."""
