"""Sounds that are no speech, synthesised: to fit and to try the gate on."""
