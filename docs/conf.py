"""How the documentation is built: ``make docs``, then open ``docs/_build/html/index.html``."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

import pellucid

project = "pellucid"
author = "The pellucid developers"
copyright = author
release = version = pellucid.__version__

extensions = [
    "myst_nb",
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.napoleon",
    "sphinx.ext.viewcode",
    "sphinx.ext.mathjax",
    "sphinx-mathjax-offline",  # equations are drawn without a network
    "pages",
    "reading",
]
exclude_patterns = ["_build", "**/.ipynb_checkpoints"]
nb_execution_mode = "off"  # `make notebooks` has executed them
nb_output_stderr = "remove"  # it names folders of the machine
myst_enable_extensions = ["dollarmath"]
myst_heading_anchors = 3

html_theme = "furo"
html_title = "pellucid"
html_show_sphinx = False
html_static_path = ["site.css"]
html_css_files = ["site.css"]

autodoc_member_order = "bysource"
autodoc_typehints_format = "short"
autodoc_class_signature = "mixed"
autosummary_generate = False
napoleon_custom_sections = [("Shapes", "params_style")]
napoleon_numpy_docstring = False
napoleon_use_admonition_for_references = False
napoleon_use_ivar = True
python_maximum_signature_line_length = 90
toc_object_entries_show_parents = "hide"

nitpicky = True
nitpick_ignore = [("py:class", name) for name in ("Figure", "P", "Tensor")]  # of annotations that no import resolves
