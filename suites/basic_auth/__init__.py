"""What a basic-auth filter must do."""
