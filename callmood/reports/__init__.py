"""What is made of a session after its end: analysis, reports, exports."""
