"""The architectures of the course, a file a family."""
