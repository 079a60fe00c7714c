"""A study as static files: what is in them, and what is not."""

import json
import re
from pathlib import Path

import pytest
from made_studies import made_study

from conftest import Run
from leo_bench.benchmarks.user_study.export import export_site
from leo_bench.benchmarks.user_study.page_data import Ending, PageData
from leo_bench.benchmarks.user_study.study import Study, clip_path
from leo_bench.evaluation.errors import InputError

METHODS = ("methodalpha", "methodbeta", "methodgamma")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Study]:
    folder = tmp_path_factory.mktemp("made") / "study"
    return folder, made_study(folder, methods=METHODS, videos=2)


def contents(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def test_a_site_has_the_page_and_every_clip_that_is_shown(
    made: tuple[Path, Study], tmp_path: Path
) -> None:
    folder, study = made
    site = export_site(folder, tmp_path / "site", Ending())
    found = contents(tmp_path / "site")
    clips = {f"clips/{name}.mp4" for name in study.clip}
    assert found.keys() == {".leo-bench", "index.html", "study.css", "study.js"} | clips
    for name in study.clip:
        assert found[f"clips/{name}.mp4"] == clip_path(folder, name).read_bytes()
    assert (site.files, site.study) == (len(found) - 1, study)
    assert site.size == sum(len(content) for content in found.values()) - len(found[".leo-bench"])


def test_a_site_names_no_method_no_source_and_no_right_answer(
    made: tuple[Path, Study], tmp_path: Path
) -> None:
    folder, study = made
    export_site(folder, tmp_path / "site", Ending())
    for content in contents(tmp_path / "site").values():
        for secret in (
            *METHODS,
            "damaged",
            "methodalpha/",
            *(c.digest for c in study.clip.values()),
        ):
            assert secret.encode() not in content
    html = (tmp_path / "site" / "index.html").read_text()
    embedded = re.search(r'type="application/json">(.*?)</script>', html, re.S)
    assert embedded is not None
    data = PageData.model_validate(json.loads(embedded[1]))
    assert data.slots.keys() == set(range(study.raters))
    for slot in data.slots.values():
        for shown in slot:
            role = study.item[shown.item].role
            assert (shown.right is not None) == (role == "practice")
            # Checks look like rated items: the same fields, the same kind of names.
            assert shown.model_dump().keys() == {"item", "clips", "right"}
            assert all(re.fullmatch(r"clips/[0-9a-f]{16}\.mp4", clip) for clip in shown.clips)


def test_the_same_study_gives_the_same_files_again(
    made: tuple[Path, Study], tmp_path: Path
) -> None:
    folder, _ = made
    export_site(folder, tmp_path / "site", Ending())
    before = contents(tmp_path / "site")
    export_site(folder, tmp_path / "site", Ending())
    assert contents(tmp_path / "site") == before


def test_clips_of_another_study_are_not_left_beside(
    made: tuple[Path, Study], tmp_path: Path
) -> None:
    folder, _ = made
    export_site(folder, tmp_path / "site", Ending())
    before = contents(tmp_path / "site")
    made_study(tmp_path / "other", videos=1, seed=1)
    with pytest.raises(InputError, match="not of this study"):
        export_site(tmp_path / "other", tmp_path / "site", Ending())
    assert contents(tmp_path / "site") == before


@pytest.mark.parametrize("harm", ["changed", "missing"])
def test_a_clip_that_is_not_the_studys_stops_the_export(tmp_path: Path, harm: str) -> None:
    study = made_study(tmp_path / "study", methods=METHODS[:2], videos=1)
    clip = clip_path(tmp_path / "study", max(study.clip))
    if harm == "changed":
        clip.write_bytes(clip.read_bytes() + b"\0")
    else:
        clip.unlink()
    with pytest.raises(
        InputError, match="changed after" if harm == "changed" else "cannot be read"
    ):
        export_site(tmp_path / "study", tmp_path / "site", Ending())
    assert not (tmp_path / "site" / "index.html").exists()


def test_the_command_says_how_to_host_it(
    leo_bench: Run, made: tuple[Path, Study], tmp_path: Path
) -> None:
    folder, study = made
    site = tmp_path / "site"
    ended = leo_bench("study", "export", folder, "--out", site)
    assert ended.code == 0, ended.err
    assert f"study {study.id}: 4 slots" in ended.out
    assert f"python -m http.server --bind 127.0.0.1 --directory {site}" in ended.err
    assert "ADDRESS/?slot=K, with K from 0 to 3" in ended.err
    assert "cannot authenticate raters" in ended.err
    assert "raters download a file at the end and send it to you" in ended.err
    completion = ("--completion", "https://example.org/done?cc={CODE}")
    paid = leo_bench("study", "export", folder, "--out", site, *completion)
    said = " ".join(paid.err.split())
    assert "must still send you the file; --post sends the answers" in said


@pytest.mark.parametrize(
    ("options", "why"),
    [
        (("--post", "http://example.org"), "--post 'http://example.org': https://"),
        (("--completion", "https://example.org/{WHO}"), "nothing fills {WHO}"),
        (("--identifiers", "A,slot"), "'slot' cannot be"),
    ],
)
def test_the_command_refuses_in_one_line(
    leo_bench: Run, made: tuple[Path, Study], tmp_path: Path, options: tuple[str, str], why: str
) -> None:
    ended = leo_bench("study", "export", made[0], "--out", tmp_path / "site", *options)
    assert (ended.code, ended.out, ended.err.count("\n")) == (2, "", 1)
    assert why in ended.err
    assert not (tmp_path / "site").exists()
