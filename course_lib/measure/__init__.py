"""Measure a net: its tables, its geometry, its signals, its answers."""
