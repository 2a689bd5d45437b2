"""One folder with everything that a room without a network needs."""
