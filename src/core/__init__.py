"""The domain, the ports and the application: no I/O, no third party but attrs."""
