r"""Makes foreign text, such as file names, safe for terminals, web pages and spreadsheets.

A control character in a name can move the cursor, hide text, or make XML ill-formed: it is shown as
its escape, "\x1b". A spreadsheet takes a CSV cell that begins like a formula for one: it gets an
apostrophe, which `from_csv_cell` removes.
"""

import unicodedata

# Shown as escapes: control characters, halves of surrogate pairs, ends of lines and paragraphs.
_CATEGORIES = frozenset({"Cc", "Cs", "Zl", "Zp"})

# So are marks that turn the direction of writing, and what XML cannot hold.
_CHARACTERS = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_CHARACTERS |= {"\ufffe", "\uffff"}

# A spreadsheet takes a cell that begins so for a formula, or strips the sign and looks again.
FORMULA = ("=", "+", "-", "@", "\t", "\r")


def printable(text: str) -> str:
    """Text in one line, with hidden characters as escapes."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(_escaped(c) if _is_hidden(c) else c for c in text)


def printable_lines(text: str) -> str:
    """As `printable`, for text of several lines."""
    return "\n".join(map(printable, text.split("\n")))


def csv_cell(text: str) -> str:
    """Text as a cell of a CSV that no spreadsheet takes for a formula."""
    return f"'{text}" if text.lstrip("'").startswith(FORMULA) else text


def from_csv_cell(cell: str) -> str:
    """What `csv_cell` was given."""
    is_guarded = cell.startswith("'") and cell.lstrip("'").startswith(FORMULA)
    return cell[1:] if is_guarded else cell


def _is_hidden(character: str) -> bool:
    return unicodedata.category(character) in _CATEGORIES or character in _CHARACTERS


def _escaped(character: str) -> str:
    code = ord(character)
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"
