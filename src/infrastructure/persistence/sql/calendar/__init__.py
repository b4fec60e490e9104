"""Jobs by time: what is due, has lapsed, expired, or was kept long enough."""
