"""What `python -m clusters` can do: one module per command, each with `add(commands)`."""
