"""A table as LaTeX, with the rules of booktabs."""

from reports.grid import Text, grid_of
from reports.tables import Table

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
    "∞": r"$\infty$",
}


def as_latex(table: Table) -> str:
    """As a `table` environment for a document that loads booktabs."""
    grid = grid_of(table)
    count = len(grid.columns)
    lines = [
        "% needs \\usepackage{booktabs}",
        "\\begin{table}",
        "\\centering\\footnotesize\\setlength{\\tabcolsep}{4pt}",
        f"\\caption{{{_escape(grid.title)}}}",
        f"\\label{{tab:{grid.id}}}",
        f"\\begin{{tabular}}{{l{'r' * count}}}",
        "\\toprule",
    ]
    if any(group.lines[0] for group, _ in grid.groups):
        heads = [f"\\multicolumn{{{width}}}{{c}}{{{_cell(group)}}}" for group, width in grid.groups]
        lines.append(f" & {' & '.join(heads)} \\\\")
        first = 2
        for _, width in grid.groups:
            lines.append(f"\\cmidrule(lr){{{first}-{first + width - 1}}}")
            first += width
    lines.append(f"Method & {' & '.join(map(_label, grid.columns))} \\\\")
    lines.append("\\midrule")
    for line in grid.lines:
        if line.kind == "heading":
            lines.append(
                f"\\multicolumn{{{count + 1}}}{{l}}{{\\textit{{{_cell(line.label)}}}}} \\\\"
            )
            continue
        label = _cell(line.label)
        label = f"\\quad\\textit{{{label}}}" if line.kind == "measured" else label
        lines.append(f"{label} & {' & '.join(map(_cell, line.cells))} \\\\")
    lines += ["\\bottomrule", "\\end{tabular}"]
    notes = [f"{_raised(mark)}~{_escape(words)}" for mark, words in grid.signs]
    notes += [f"{_raised(str(i))}~{_escape(text)}" for i, text in enumerate(grid.footnotes, 1)]
    notes += [_escape(note) for note in grid.notes]
    if notes:
        lines += ["", "\\medskip", "\\parbox{\\linewidth}{\\scriptsize\\raggedright"]
        lines += [f"{note}\\par" for note in notes]
        lines.append("}")
    lines.append("\\end{table}")
    return "\n".join(lines) + "\n"


def _cell(text: Text) -> str:
    marks = _raised(",".join(text.marks)) if text.marks else ""
    first, *rest = map(_escape, text.lines)
    first = f"\\textbf{{{first}}}" if text.bold else first
    if not rest:
        return first + marks
    stacked = r" \\ ".join((first + marks, *rest))
    return rf"\shortstack[r]{{{stacked}}}"


def _label(text: Text) -> str:
    (label,) = text.lines
    word, _, below = label.partition("_")
    sub = f"\\textsubscript{{{_escape(below)}}}" if below else ""
    return _escape(word) + sub + _cell(Text(("",), marks=text.marks))


def _raised(mark: str) -> str:
    return f"\\textsuperscript{{{_escape(mark)}}}"


def _escape(text: str) -> str:
    return "".join(SPECIAL.get(c, c) for c in text)
