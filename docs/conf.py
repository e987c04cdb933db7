"""Sphinx: `make docs` writes the site to docs/build/html. Pages that follow from the code are written first."""

from __future__ import annotations

import sys
from pathlib import Path

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE / "tools"), str(HERE.parent)]

import pages  # noqa: E402

import leoisac  # noqa: E402

pages.write_all()

project = "leoisac"
author = "The leoisac developers"
copyright = author
version = release = leoisac.__version__

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon", "mathml", "sphinx_copybutton"]
html_math_renderer = "mathml"
source_suffix = {".md": "markdown"}
exclude_patterns = ["build", "tools", "gallery", "examples", "notebooks"]
myst_enable_extensions = ["dollarmath", "amsmath"]
myst_heading_anchors = 3
myst_url_schemes = ("http", "https", "mailto")

autodoc_member_order = "bysource"
autodoc_typehints = "signature"
autodoc_typehints_format = "short"
napoleon_google_docstring = True
napoleon_numpy_docstring = False
napoleon_use_rtype = False
python_maximum_signature_line_length = 100

html_theme = "pydata_sphinx_theme"
html_title = "leoisac"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_theme_options = {
    "show_toc_level": 2,
    "navigation_with_keys": False,
    "header_links_before_dropdown": 6,
    "secondary_sidebar_items": {"**": ["page-toc"], "choosing": []},  # a table of all systems takes the whole width
    "footer_start": ["copyright"],
    "footer_end": [],
}
html_context = {"default_mode": "auto"}
html_show_sourcelink = False
copybutton_exclude = ".linenos, .gp, .go"
