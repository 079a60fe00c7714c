"""Links of documents to files and folders of the repository that are no pages of the site.

A folder with a page `README` is that page. Any other folder becomes a page that lists what is in
it, and a text file a page that shows it: `source/PATH.html`. So a link that works on a code host
works on the site, without an address of the project.
"""

import subprocess
from functools import cache
from pathlib import Path, PurePosixPath
from typing import Any

from docutils import nodes
from jinja2 import Template
from markupsafe import Markup
from pygments.lexers import get_lexer_for_filename
from pygments.util import ClassNotFound
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.transforms import SphinxTransform
from sphinx.util.nodes import make_refnode

KIND = "repository"  # reftype of these links
LARGEST = 300_000  # bytes of a file that is shown


class MarkLinks(SphinxTransform):
    """Mark the links that MyST takes for downloads, or for headings that it does not know."""

    default_priority = 870  # before files of downloads are collected, at 880

    def apply(self, **_: Any) -> None:
        """Replace them; a missing file stays, and Sphinx warns of it."""
        for node in list(self.document.findall(_is_open)):
            target = node["reftarget"]
            if node.get("refdomain") == "doc":
                target = f"/{target}.md"
            path = Path(self.env.relfn2path(target, self.env.current_document.docname)[1])
            if not path.exists() or self.env.path2doc(path) in self.env.found_docs:
                continue
            (inner,) = node.children
            inner["classes"] = [name for name in inner["classes"] if name != "download"]
            node.replace_self(
                addnodes.pending_xref(
                    "",
                    *node.children,
                    reftype=KIND,
                    refdomain="",
                    refexplicit=True,
                    refwarn=True,
                    reftarget=path.relative_to(self.env.srcdir).as_posix(),
                )
            )


def _is_open(node: nodes.Node) -> bool:
    return (
        isinstance(node, addnodes.pending_xref | addnodes.download_reference)
        and node.get("reftype") == "myst"
        and not node["reftarget"].startswith("#")
    )


class SourcePages:
    """Pages of the files and folders that links lead to, and of what is in those folders."""

    def __init__(self) -> None:
        self.linked: set[str] = set()
        self.committed: set[str] = set()

    def read_committed(self, app: Sphinx) -> None:
        """Only what is committed is shown."""
        listed = subprocess.run(
            ["git", "ls-files", "-z"], cwd=app.srcdir, capture_output=True, text=True, check=True
        )
        self.committed = set(listed.stdout.split("\0")) - {""}

    def resolve(
        self, app: Sphinx, env: BuildEnvironment, node: addnodes.pending_xref, inner: nodes.Element
    ) -> nodes.reference | None:
        """The link to a page: on `missing-reference`."""
        if node["reftype"] != KIND:
            return None
        path = node["reftarget"]
        readme = f"{path}/README"
        if readme in env.found_docs:
            page = readme
        elif path in self.committed or self._members(path):
            self.linked.add(path)
            page = self._page(path)
        else:
            return None
        return make_refnode(app.builder, env.current_document.docname, page, None, inner)

    def write(self, app: Sphinx, error: Exception | None) -> None:
        """Write the pages: on `build-finished`.

        They are no pages of the theme, which would draw its menus for each of them.
        """
        if error is not None or app.builder.name != "html":
            return
        template = Template(
            (Path(app.confdir) / "templates" / "source.html").read_text(), autoescape=True
        )
        waiting, done = sorted(self.linked), set[str]()
        while waiting:
            path = waiting.pop()
            if path in done:
                continue
            done.add(path)
            members = self._members(path)
            waiting += members
            text = None if members else _text(app.srcdir / path)
            if not members and text is None:
                continue
            page = self._page(path)
            html = template.render(
                title=path,
                site=app.config.html_title,
                front=app.builder.get_relative_uri(page, app.config.root_doc),
                pygments=f"{'../' * page.count('/')}_static/pygments.css",
                members=[self._link(app, page, member) for member in members],
                code=Markup("" if text is None else _highlighted(app, path, text)),
            )
            file = Path(app.outdir) / app.builder.get_target_uri(page)
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(html)

    def _members(self, path: str) -> list[str]:
        """Files and folders directly in a folder; none: it is a file."""
        inside = (name for name in self.committed if name.startswith(f"{path}/"))
        return sorted({f"{path}/{name[len(path) + 1 :].split('/')[0]}" for name in inside})

    def _page(self, path: str) -> str:
        return f"source/{path}" if path in self.committed else f"source/{path}/index"

    def _link(self, app: Sphinx, page: str, to: str) -> tuple[str, str | None]:
        """Name of a file or folder, and its address from a page; None of a file not shown."""
        name = PurePosixPath(to).name
        if to in self.committed and _text(app.srcdir / to) is None:
            return name, None
        slash = "" if to in self.committed else "/"
        return name + slash, app.builder.get_relative_uri(page, self._page(to))


@cache
def _text(file: Path) -> str | None:
    """Content of a text file; None of any other, and of a large one."""
    try:
        return None if file.stat().st_size > LARGEST else file.read_text()
    except UnicodeDecodeError:
        return None


def _highlighted(app: Sphinx, path: str, text: str) -> str:
    try:
        language = get_lexer_for_filename(path).aliases[0]
    except ClassNotFound:
        language = "text"
    html: str = app.builder.highlighter.highlight_block(text, language, force=True)  # type: ignore[attr-defined]
    return html


def setup(app: Sphinx) -> dict[str, bool]:
    """Called by Sphinx."""
    pages = SourcePages()
    app.add_transform(MarkLinks)
    app.connect("builder-inited", pages.read_committed)
    app.connect("missing-reference", pages.resolve)
    app.connect("build-finished", pages.write)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
