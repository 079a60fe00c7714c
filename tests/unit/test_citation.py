"""CITATION.cff: valid by the fields of schema 1.2.0 that it uses, and true of this version.

Keys and their rules: citation-file-format/citation-file-format, schema.json of version 1.2.0.
"""

import tomllib
from typing import Any

import pytest
import yaml
from places import ROOT

from leo_bench.reports.bibliography import LEO, bibliography

REQUIRED = {"cff-version", "message", "title", "authors"}
ALLOWED = REQUIRED | {
    "abstract", "commit", "contact", "date-released", "doi", "identifiers", "keywords", "license",
    "license-url", "preferred-citation", "references", "repository", "repository-artifact",
    "repository-code", "type", "url", "version",
}  # fmt: skip
OF_A_REFERENCE = {"type", "title", "authors", "journal", "year", "url", "notes"}


@pytest.fixture(scope="module")
def citation() -> dict[str, Any]:
    return yaml.safe_load((ROOT / "CITATION.cff").read_text())


def test_the_keys_are_those_of_the_schema(citation: dict[str, Any]) -> None:
    assert citation.keys() >= REQUIRED
    assert citation.keys() <= ALLOWED
    assert (citation["cff-version"], citation["type"]) == ("1.2.0", "software")
    for reference in citation["references"]:
        assert reference.keys() >= {"type", "title", "authors"}
        assert reference.keys() <= OF_A_REFERENCE
    texts = [citation["message"], citation["title"], citation["abstract"], *citation["keywords"]]
    assert all(isinstance(text, str) and text for text in texts)


def test_it_cites_this_version_under_its_licence(citation: dict[str, Any]) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    stated = [citation[key] for key in ("title", "version", "license")]
    assert stated == [project[key] for key in ("name", "version", "license")]


def test_the_software_is_by_an_entity_and_the_paper_by_its_authors(
    citation: dict[str, Any],
) -> None:
    paper = bibliography().works[LEO]
    assert citation["authors"] == [{"name": "leo-bench contributors"}]
    (reference,) = citation["references"]
    names = [f"{one['family-names']}, {one['given-names']}" for one in reference["authors"]]
    assert " and ".join(names) == paper.author
    assert reference["title"] == paper.title.replace("{", "").replace("}", "")
    assert (reference["journal"], reference["year"]) == (paper.journal, paper.year)
    assert reference["url"] == f"https://arxiv.org/abs/{paper.eprint}"
