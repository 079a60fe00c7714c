"""Writes tables as TOML, which the standard library only reads."""

import json
from collections.abc import Mapping
from typing import Any


def to_toml(table: Mapping[str, Any], path: str = "") -> str:
    """A table of numbers, strings, booleans, lists and tables as TOML; None is left out.

    Args:
        table: keys are bare keys of TOML: letters, digits, "_" and "-".
        path: of the table within the document, with a dot at its end; "" for the document.
    """
    lines = [
        f"{key} = {json.dumps(value, ensure_ascii=False)}"  # JSON's way to write these is TOML's
        for key, value in table.items()
        if value is not None and not isinstance(value, dict)
    ]
    for key, value in table.items():
        if isinstance(value, dict):
            name = f"{path}{key}"
            lines += ["", f"[{name}]", to_toml(value, f"{name}.").rstrip("\n")]
    return "\n".join(lines) + "\n"
