"""Voices on disk: what is usual for one, saved and taken up again; enrolment."""
