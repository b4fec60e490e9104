"""One function a use case: plain, synchronous, of a unit of work and frozen values."""
