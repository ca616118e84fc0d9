"""Acoustic conditions applied to sound for training and evaluation."""
