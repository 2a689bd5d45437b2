"""What the papers claim and published, beside our measurements."""
