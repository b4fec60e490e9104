"""What Errands does: use cases over units of work, and the services people hold."""
