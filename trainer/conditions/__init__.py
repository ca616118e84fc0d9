"""What happens to speech on its way to the model: lines, rooms, noise. 16 kHz in and out, the same length."""
