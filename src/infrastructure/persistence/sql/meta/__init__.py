"""What a database says about itself."""
