"""Renders the pages that raters see: `pages/index.html` with a study's texts and data.

One page serves a static site and the server. It asks for `study.css`, `study.js` and the clips, and
for nothing else: its content security policy forbids it. The template engine escapes every text.
"""

from urllib.parse import urlsplit

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from leo_bench.benchmarks.user_study.page_data import PAGES, PageData, words_of

STYLE = "study.css"
SCRIPT = "study.js"

_TEMPLATES = Environment(  # keeps what it has compiled
    loader=FileSystemLoader(PAGES),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


def page(data: PageData, base: str) -> str:
    """The page as HTML.

    Args:
        data: what the page is given.
        base: address of the folder of `study.css` and `study.js`: "" or "/".
    """
    return _TEMPLATES.get_template("index.html").render(
        data=data, words=data.words, json=data.to_json(), base=base, policy=policy(data)
    )


def page_of_no_link(language: str, base: str) -> str:
    """The page as HTML that says that a link does not work; it has nothing of the study.

    Args:
        language: of the study.
        base: address of the folder of `study.css`.
    """
    return _TEMPLATES.get_template("no_link.html").render(
        language=language, words=words_of(language), base=base
    )


def policy(data: PageData) -> str:
    """The content security policy of the page, for its <meta> and for a server's header."""
    post = urlsplit(data.ending.post)
    beside = f" {post.scheme}://{post.netloc}" if post.netloc else ""
    return "; ".join(
        (
            "default-src 'none'",
            "script-src 'self'",
            "style-src 'self'",
            "img-src data:",
            "media-src 'self' blob:",
            f"connect-src 'self'{beside}",
            "base-uri 'none'",
            "form-action 'none'",
        )
    )
