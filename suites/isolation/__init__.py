"""Checks of what keeps a filter from harming the proxy."""
