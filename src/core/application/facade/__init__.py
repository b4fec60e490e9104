"""What users hold: the application, its queues, its jobs, over the services of one application."""
