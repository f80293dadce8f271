"""What a filter must do: checks, an oracle and the requirement catalogue."""
