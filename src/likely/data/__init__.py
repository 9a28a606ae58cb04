"""What people bring, as columns and designs."""
