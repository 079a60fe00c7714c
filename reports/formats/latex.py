"""A table as LaTeX, with the rules of booktabs."""

import unicodedata
from itertools import zip_longest

from leo_bench.evaluation.files.printable import printable
from leo_bench.reports.grid import Line, TableGrid, Text

SPECIAL = {
    "\\": r"\textbackslash{}",
    "&": r"\&",
    "%": r"\%",
    "$": r"\$",
    "#": r"\#",
    "_": r"\_",
    "{": r"\{",
    "}": r"\}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    '"': "''",
    "[": r"{[}",  # behind \\ it would begin an option
    "]": r"{]}",
    "±": r"$\pm$",
    "†": r"\textdagger{}",
    "‡": r"\textdaggerdbl{}",
    "§": r"\textsection{}",
    "¶": r"\textparagraph{}",
    "‖": r"\textbardbl{}",
    "∞": r"$\infty$",
    "≈": r"$\approx$",
    "\N{MULTIPLICATION SIGN}": r"$\times$",
}
# Letters that every engine has: Latin ones, with one of these accents or without.
LETTERS = frozenset("ßæøœåłÆØŒÅŁ")
ACCENTS = frozenset("\u0300\u0301\u0302\u0303\u0304\u0306\u0307\u0308\u030a\u030b\u030c\u0327")


def as_latex(grid: TableGrid) -> str:
    """A `table` environment for a document that loads booktabs and graphicx.

    A table wider than the text is scaled down to its width. A character that pdfLaTeX does not know
    is written as its code point, "U+6A21".
    """
    count = len(grid.columns)
    lines = [
        "% needs \\usepackage{booktabs,graphicx}",
        "\\begin{table}",
        "\\centering\\footnotesize\\setlength{\\tabcolsep}{4pt}",
        f"\\caption{{{escape(grid.title)}}}",
        f"\\label{{tab:{grid.id}}}",
        "\\smallskip",
        "\\resizebox{\\ifdim\\width>\\linewidth\\linewidth\\else\\width\\fi}{!}{%",
        f"\\begin{{tabular}}{{l{'r' * count}}}",
        "\\toprule",
    ]
    if grid.is_grouped:
        heads = [f"\\multicolumn{{{width}}}{{c}}{{{_cell(group)}}}" for group, width in grid.groups]
        lines.append(f" & {' & '.join(heads)} \\\\")
        first = 2
        for _, width in grid.groups:
            lines.append(f"\\cmidrule(lr){{{first}-{first + width - 1}}}")
            first += width
    lines.append(f"{escape(grid.corner)} & {' & '.join(map(_cell, grid.columns))} \\\\")
    lines.append("\\midrule")
    for line in grid.lines:
        if line.kind == "heading":
            lines.append(
                f"\\multicolumn{{{count + 1}}}{{l}}{{\\textit{{{_cell(line.label)}}}}} \\\\"
            )
            continue
        lines += _rows(line)
    lines += ["\\bottomrule", "\\end{tabular}}"]
    notes = [f"{_raised(mark)}~{escape(text)}" for mark, text in grid.marked]
    notes += [escape(note) for note in grid.notes]
    if notes:
        lines += ["", "\\medskip", "\\parbox{\\linewidth}{\\scriptsize\\raggedright"]
        lines += [f"{note}\\par" for note in notes]
        lines.append("}")
    lines.append("\\end{table}")
    return "\n".join(lines) + "\n"


def _rows(line: Line) -> list[str]:
    """One row of the tabular for each line of a cell, so that intervals stand beside intervals."""
    label = _cell(line.label)
    label = f"\\quad\\textit{{{label}}}" if line.is_below else label
    rows = [(label, *map(_cell, line.cells))]
    rows += zip_longest(*([], *map(_small, line.cells)), fillvalue="")
    written = [f"{' & '.join(row)} \\\\" for row in rows]
    return [*written, "\\addlinespace"] if len(written) > 1 else written


def _cell(text: Text) -> str:
    first = escape(text.lines[0])
    first = f"\\textbf{{{first}}}" if text.bold else first
    below = f"\\textsubscript{{{escape(text.below)}}}" if text.below else ""
    return first + below + (_raised(",".join(text.marks)) if text.marks else "")


def _small(text: Text) -> list[str]:
    """The lines below the first; intervals get lines of their own, since a page is narrow."""
    parts = [part for line in text.lines[1:] for part in line.replace(" [", "\n[").split("\n")]
    return [f"\\scriptsize {escape(part)}" for part in parts]


def _raised(mark: str) -> str:
    return f"\\textsuperscript{{{escape(mark)}}}"


def escape(text: str) -> str:
    """Any text for LaTeX, as one line."""
    return "".join(map(_written, printable(text)))


def _written(character: str) -> str:
    """A character for LaTeX; as its code point if pdfLaTeX stops at it."""
    if character in SPECIAL:
        return SPECIAL[character]
    if character.isascii() or character in LETTERS:
        return character
    parts = unicodedata.normalize("NFD", character)
    if len(parts) == 2 and parts[0].isascii() and parts[0].isalpha() and parts[1] in ACCENTS:
        return character
    return f"U+{ord(character):04X}"
