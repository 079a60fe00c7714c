"""Makes a picture of matplotlib part of a page: in the page's colours and letters, with a name."""

import hashlib
import re
from xml.etree import ElementTree

# Of lines, in light pages and in files: each has a contrast of 3:1 or more on white (WCAG 1.4.11).
# A page gives `--line-0`, `--line-1`, ... values for its own ground (templates/style.css).
COLOURS = ("#0072B2", "#C44F00", "#00805C", "#A3457A", "#8A6100", "#5B4BB5", "#666666")
IN_PAGE = {colour.lower(): f"var(--line-{i})" for i, colour in enumerate(COLOURS)}
IN_PAGE |= {"#000000": "currentColor"}  # axes
FAMILY = re.compile(r"font-family: [^;]*;? ?")
REFERENCE = re.compile(r"(?<=url\(#)|(?<=^#)")


def inline(svg: str, name: str) -> str:
    """A picture as an `svg` element of an HTML page.

    Its ids differ from those of other pictures, and its texts have the letters of the page.

    Args:
        svg: the file that matplotlib writes with `svg.fonttype` "none", in black and `COLOURS`.
        name: what a screen reader says of it.
    """
    root = ElementTree.fromstring(svg)
    prefix = f"p{hashlib.sha256(svg.encode()).hexdigest()[:10]}-"
    for parent in list(root.iter()):
        # The style sheet, which would hold for the whole page, and metadata.
        for child in [one for one in parent if _bare(one.tag) in ("style", "metadata")]:
            parent.remove(child)
    for element in root.iter():
        element.tag = _bare(element.tag)
        element.attrib = {
            _bare(key): _in_page(_bare(key), value, prefix) for key, value in element.items()
        }
    root.attrib |= {"role": "img", "aria-label": name, "fill": "currentColor"}
    return ElementTree.tostring(root, encoding="unicode")


def _bare(name: str) -> str:
    """A name without its namespace, which HTML does not write."""
    return name.rpartition("}")[2]


def _in_page(key: str, value: str, prefix: str) -> str:
    if key == "id":
        return prefix + value
    if key == "style":
        value = FAMILY.sub("", value)
        for colour, name in IN_PAGE.items():
            value = value.replace(colour, name)
    return REFERENCE.sub(prefix, value) if key in ("href", "clip-path", "style") else value
