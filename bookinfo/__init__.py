"""The application behind the gateway: what it serves and which routes lead to it."""
