"""What a header filter must do."""
