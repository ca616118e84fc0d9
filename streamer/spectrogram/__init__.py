"""The mel spectrogram of a session, for the panel and as a picture."""
