"""What follows about rows."""
