"""Small projects to begin a filter with: `python -m filters init`."""
