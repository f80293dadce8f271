"""Checks of what a filter costs per request."""
