"""Slides of the notebooks that need no network, and what a browser says about them."""
