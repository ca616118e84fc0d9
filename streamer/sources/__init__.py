"""Where sound comes from: microphone, sound server, raw samples, recording."""
