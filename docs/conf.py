"""Settings of the site that `make docs` builds. The source folder is the repository's root.

So a relative link between Markdown files works both on a code host and on the site.
`docs/extensions/` has what Sphinx cannot do by itself; each file there says what.
"""

import sys
import tomllib
from pathlib import Path

DOCS = Path(__file__).parent
ROOT = DOCS.parent
sys.path[:0] = [str(ROOT), str(DOCS / "extensions")]

LEFT_OUT = (
    *("Document", "Extrapolation", "Forms", "FrameChoice", "PlannedNumber", "StatisticsForm"),
    *("StoredVideos", "TableGrid", "VideoInfluences", "VideoRows", "WeightedSide"),
    *("Team", "WeightedStatistic"),
)
PACKAGES = ("evaluation", "leo", "baselines", "benchmarks", "reports")

project = "leo-bench"
version = release = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
author = "the contributors of leo-bench"
copyright = author
language = "en"

extensions = [
    "myst_nb",
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
    "sphinx.ext.viewcode",
    "command_help",
    "docstrings",
    "repository_links",
]

# Pages.
root_doc = "docs/index"
include_patterns = [
    "docs/*.md",
    "docs/*.ipynb",
    "docs/reference/*.md",
    "README.md",
    "CHANGELOG.md",
    "CONTRIBUTING.md",
    "DECISIONS.md",
    *(f"{package}/README.md" for package in PACKAGES),
    "benchmarks/*/README.md",
    "benchmarks/coverage.md",
]
exclude_patterns = [".*", "leo_bench", "tests", "docs/_build", "demo", "regress", "records", "runs"]
templates_path = ["templates"]

# Markdown and notebooks.
myst_heading_anchors = 6
myst_enable_extensions = ["colon_fence"]
myst_links_external_new_tab = False
nb_execution_mode = "force"
nb_execution_raise_on_error = True
nb_execution_timeout = 240
nb_execution_in_temp = True
nb_output_stderr = "remove-warn"

# `make links`.
linkcheck_timeout = 15  # seconds
linkcheck_retries = 2
linkcheck_workers = 8

# Python. In docstrings one backtick marks names of Python as well as files and options: what is a
# documented name becomes a link. Types of other projects are no links: that would fetch their
# inventories.
default_role = "py:obj"
nitpick_ignore_regex = [
    ("py:obj", r".*"),
    ("py:class", r"(?!leo_bench\.).*"),
    # Types that docs/reference/ leaves out: a caller is handed them, or they have a default.
    ("py:class", r"leo_bench\.leo\.(config|models|sampling|training)\..*"),
    ("py:class", rf"leo_bench\..*\.({'|'.join(LEFT_OUT)})"),
]
autodoc_default_options = {"member-order": "bysource", "exclude-members": "model_config"}
autodoc_typehints_format = "short"
napoleon_numpy_docstring = False
napoleon_use_rtype = False
napoleon_custom_sections = [("Keywords", "params_style")]
python_maximum_signature_line_length = 88

# The look.
html_theme = "pydata_sphinx_theme"
html_static_path = ["static"]
html_css_files = ["site.css"]
html_title = f"leo-bench {version}"
html_additional_pages = {"index": "front.html"}
html_sidebars = {"**": ["site-pages.html"]}
html_show_sourcelink = False
html_copy_source = False
html_theme_options = {
    "logo": {"text": "leo-bench"},
    "navbar_center": [],
    "footer_start": ["copyright"],
    "footer_end": ["sphinx-version"],
    "secondary_sidebar_items": ["page-toc"],
    "show_toc_level": 2,
}
