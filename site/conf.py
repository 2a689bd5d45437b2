"""How Sphinx makes the site. `make site` writes its pages' sources first: see tools/site."""

from tools.links import repository

project = "CNN architectures, measured"
copyright = "its authors: text and pictures CC BY 4.0, code MIT"  # the theme shows it
language = "en"
extensions = ["myst_nb"]
nb_execution_mode = "off"  # the saved outputs are the course's
nb_merge_streams = True
nb_ipywidgets_js = {}  # no page has a widget that needs a kernel
myst_heading_anchors = 3

html_theme = "sphinx_book_theme"
html_title = project
html_favicon = "_static/favicon.svg"
html_context = {"default_mode": "auto"}  # light or dark, as the reader's system
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_js_files = [(name, {"defer": "defer"}) for name in ("explorer.js", "print.js")]
html_copy_source = False
html_show_sphinx = False
html_theme_options = {
    "use_download_button": False,
    "show_toc_level": 2,
    "max_navbar_depth": 1,  # the theme's fold of a deeper level has no name to be read aloud
    "navigation_with_keys": False,
    # The side bar has a name and a search already.
    "navbar_start": [],
    "navbar_center": [],
    "navbar_end": [],
    "navbar_persistent": [],
    "footer_content_items": ["copyright.html"],  # no author's name: there are several
}
if repository():
    html_theme_options |= {
        "repository_url": f"https://github.com/{repository()}",
        "repository_branch": "main",
        "path_to_docs": "notebooks",
        "use_repository_button": True,
        "launch_buttons": {"colab_url": "https://colab.research.google.com"},
    }
