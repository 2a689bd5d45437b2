"""A class on one server: JupyterHub's configuration, and what each student takes of the server."""
