"""What the papers claim, what was published, and what was measured."""
