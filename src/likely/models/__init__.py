"""What is assumed."""
