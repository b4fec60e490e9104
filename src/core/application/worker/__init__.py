"""The worker: claims jobs, runs them, keeps their leases, settles what they came to."""
