"""Settings of the site that `make docs` builds. The source folder is the repository's root.

So a relative link between Markdown files works both on a code host and on the site.
`docs/extensions/` has what Sphinx cannot do by itself; each file there says what.
"""

import sys
import tomllib
from pathlib import Path

DOCS = Path(__file__).parent
ROOT = DOCS.parent
sys.path.insert(0, str(DOCS / "extensions"))

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
nb_execution_timeout = 120

# The look.
html_theme = "pydata_sphinx_theme"
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
