"""Every table at once, copied in pages."""
