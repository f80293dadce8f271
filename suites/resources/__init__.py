"""Checks of what a filter costs."""
