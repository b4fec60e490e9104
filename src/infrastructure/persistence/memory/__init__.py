"""The memory store: the executable model that every other store must agree with."""
