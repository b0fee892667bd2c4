"""Sphinx configuration: ``make docs``."""

import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent), str(HERE / "_ext")]

import rtckit  # noqa: E402

project = "rtckit"
author = "The rtckit authors"
copyright = "The rtckit authors, Apache-2.0"
version = release = rtckit.__version__

extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
    "rtckit_pages",
    "state_diagram",
]
myst_enable_extensions = ["colon_fence", "deflist"]
myst_heading_anchors = 3
exclude_patterns = ["_build", "_ext"]

autodoc_member_order = "bysource"
napoleon_use_ivar = True
autodoc_typehints = "signature"
autodoc_default_options = {"members": True, "undoc-members": True, "show-inheritance": False}
python_use_unqualified_type_names = True

html_theme = "furo"
html_title = f"rtckit {release}"
html_copy_source = False
html_show_sphinx = False
pygments_style = "friendly"
pygments_dark_style = "monokai"
