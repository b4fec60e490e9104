"""What the application needs from the outside, one Protocol a file."""
