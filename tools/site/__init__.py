"""The site: the chapters with their saved outputs, without a kernel. `make site` builds it."""
