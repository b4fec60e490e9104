"""What the stores on database servers have in common."""
