"""Proof that the embedded agent makes of a response what a real pilot-agent makes of it."""
