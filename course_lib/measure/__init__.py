"""Measure a net: its tables, geometry, signals and answers."""
