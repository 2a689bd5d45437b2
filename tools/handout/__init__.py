"""Copies of the chapters to hand out and to present, and exercises that are graded by machine."""
