"""Claims and leases: which run has a job, and for how long."""
