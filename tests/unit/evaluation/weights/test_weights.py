import hashlib
from pathlib import Path

import pytest
from pydantic import ValidationError

from conftest import Run
from leo_bench.evaluation.errors import InputError
from leo_bench.evaluation.weights import registry as weights
from leo_bench.evaluation.weights.registry import (
    WeightsFile,
    find,
    identify,
    load_registry,
    require_registered,
)

CONTENT = b"not really weights"
SHA256 = hashlib.sha256(CONTENT).hexdigest()
GIT_BLOB = hashlib.sha1(b"blob %d\0" % len(CONTENT) + CONTENT).hexdigest()
NAME = "i3d_pretrained_400.pt"


def registered(**digests: str | bool) -> WeightsFile:
    return WeightsFile(
        about="", used_by=("x",), addresses=("http://a/",), licence="", lineage="", **digests
    )


@pytest.fixture
def places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Path, Path]:
    chosen, cache = tmp_path / "chosen", tmp_path / "cache" / "leo-bench" / "weights"
    monkeypatch.setenv("LEO_BENCH_WEIGHTS", str(chosen))
    monkeypatch.delenv("LEO_BENCH_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    for place in (chosen, cache):
        place.mkdir(parents=True)
    return chosen, cache


def test_the_registry_holds_both_published_files_with_digests() -> None:
    registry = load_registry()
    assert registry[NAME].git_blob == "a867b87ac3a9097d200598b1d48a1b890d8ec744"
    assert registry["i3d_torchscript.pt"].sha256 is not None
    assert list(weights.weights_for("i3d-kinetics400")) == [NAME, "i3d_torchscript.pt"]


def test_google_drive_is_tried_last() -> None:
    downloads = load_registry()[NAME].downloads
    assert [("drive" in address) for address in downloads] == [False, True, True]
    assert downloads[1].endswith("id=1mQK8KD8G6UWRa5t87SRMm5PVXtlpneJT&export=download&confirm=t")


def test_an_entry_without_a_digest_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "w.toml").write_text(
        '[files.a]\nabout = ""\nused_by = []\naddresses = []\nlicence = ""\nlineage = ""\n'
    )
    with pytest.raises(InputError, match="needs sha256, sha256_start or git_blob"):
        load_registry(tmp_path / "w.toml")


def test_an_unknown_name_lists_the_known_ones() -> None:
    with pytest.raises(InputError, match=f"i3d.pt: no such weights; known are {NAME}"):
        weights.entry("i3d.pt")


def test_files_are_found_in_the_chosen_folder_before_the_cache(places: tuple[Path, Path]) -> None:
    chosen, cache = places
    (cache / NAME).write_bytes(b"")
    assert find([NAME]) == cache / NAME
    (chosen / NAME).write_bytes(b"")
    assert find([NAME]) == chosen / NAME


def test_an_explicit_file_wins(places: tuple[Path, Path], tmp_path: Path) -> None:
    (places[0] / NAME).write_bytes(b"")
    (tmp_path / "mine.pt").write_bytes(b"")
    assert find([NAME], tmp_path / "mine.pt") == tmp_path / "mine.pt"
    with pytest.raises(InputError, match=r"--weights .*absent.pt: no such file"):
        find([NAME], tmp_path / "absent.pt")


def test_the_second_name_serves_when_the_first_is_absent(places: tuple[Path, Path]) -> None:
    (places[1] / "i3d_torchscript.pt").write_bytes(b"")
    assert find([NAME, "i3d_torchscript.pt"]) == places[1] / "i3d_torchscript.pt"


def test_a_missing_file_says_how_to_get_it(places: tuple[Path, Path]) -> None:
    with pytest.raises(InputError) as error:
        find([NAME])
    message = str(error.value)
    assert f"leo-bench weights fetch {NAME}" in message
    assert str(places[0]) in message
    assert message.endswith("or give --weights FILE")
    assert "\n" not in message


def test_messages_name_the_callers_option_and_advice(
    places: tuple[Path, Path], tmp_path: Path
) -> None:
    with pytest.raises(InputError, match=r"or give --vgg FILE$"):
        find([NAME], option="--vgg")
    with pytest.raises(InputError, match=r"^--vgg .*absent.pt: no such file"):
        find([NAME], tmp_path / "absent.pt", "--vgg")
    (tmp_path / "w.pt").write_bytes(CONTENT + b"!")
    with pytest.raises(InputError, match=r"another one; fetch it anew$"):
        require_registered(
            tmp_path / "w.pt", {"official.pt": registered(sha256=SHA256)}, "fetch it anew"
        )


def test_a_missing_file_of_any_kind_takes_less_than_300_characters() -> None:
    folders = len(", ".join(map(str, weights._folders())))
    for name, file in load_registry().items():
        message = weights.how_to_get(name)
        assert len(message) - folders < 300 - 2 * 40, message  # where folders have 40 each
        assert f"leo-bench weights fetch {name}" in message or all(
            page in message for page in file.pages
        )


def test_weights_lie_where_the_cache_is_told_to(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("LEO_BENCH_WEIGHTS")
    monkeypatch.setenv("LEO_BENCH_CACHE", str(tmp_path / "own"))
    assert weights.folder() == tmp_path / "own" / "weights"


def test_without_variables_files_lie_in_the_users_cache(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("LEO_BENCH_WEIGHTS", raising=False)
    monkeypatch.delenv("LEO_BENCH_CACHE", raising=False)
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    assert weights.folder() == Path.home() / ".cache" / "leo-bench" / "weights"


@pytest.mark.parametrize("digests", [{"sha256": SHA256}, {"git_blob": GIT_BLOB}])
def test_a_file_is_known_by_its_digest_not_its_name(
    digests: dict[str, str], tmp_path: Path
) -> None:
    (tmp_path / "renamed").write_bytes(CONTENT)
    found = identify(tmp_path / "renamed", {"official.pt": registered(**digests)})
    assert found.registered_as == "official.pt"
    assert found.verified
    assert found.sha256 == SHA256


def test_a_wrong_digest_is_refused_or_marked(tmp_path: Path) -> None:
    (tmp_path / "w.pt").write_bytes(CONTENT + b"!")
    candidates = {"official.pt": registered(sha256=SHA256)}
    with pytest.raises(InputError, match=r"not that of official.pt.*--allow-unverified"):
        require_registered(tmp_path / "w.pt", candidates)
    assert not identify(tmp_path / "w.pt", candidates).verified


def test_sha1_does_not_vouch_where_sha256_is_known(tmp_path: Path) -> None:
    (tmp_path / "w.pt").write_bytes(CONTENT)
    candidates = {"official.pt": registered(sha256="0" * 64, git_blob=GIT_BLOB)}
    assert not identify(tmp_path / "w.pt", candidates).verified


def test_an_unpublished_digest_is_said_once() -> None:
    assert not registered(digest_unknown=True).matches(SHA256, GIT_BLOB)
    with pytest.raises(ValidationError, match="has a digest and says digest_unknown"):
        registered(digest_unknown=True, sha256=SHA256)


def test_a_prefix_vouches_for_less_than_a_digest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "w.pt").write_bytes(CONTENT)
    prefix, whole = registered(sha256_start=SHA256[:8]), registered(git_blob=GIT_BLOB)
    assert (prefix.strength, whole.strength) == ("prefix", "digest")
    assert registered(digest_unknown=True).strength == "unknown"
    assert identify(tmp_path / "w.pt", {"w.pt": prefix}).verified
    # Where a whole digest is known, a prefix alone is not enough.
    both = registered(sha256_start=SHA256[:8], git_blob="0" * 40)
    assert not both.matches(SHA256, GIT_BLOB)
    monkeypatch.setattr(weights, "load_registry", lambda: {"w.pt": prefix})
    note = weights.prefix_note("x", SHA256)
    assert note == "weights w.pt: prefix verified, by 8 of the 64 digits of SHA-256"
    assert weights.prefix_note("x", "0" * 64) is None
    monkeypatch.setattr(weights, "load_registry", lambda: {"w.pt": whole})
    assert weights.prefix_note("x", SHA256) is None


def test_weights_say_how_far_they_are_verified(
    places: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch, leo_bench: Run
) -> None:
    known = {
        "prefix.pt": registered(sha256_start=SHA256[:8]),
        "whole.pt": registered(sha256=SHA256),
        "empty.pt": registered(digest_unknown=True),
    }
    monkeypatch.setattr(weights, "load_registry", lambda: known)
    for name in known:
        (places[0] / name).write_bytes(b"" if name == "empty.pt" else CONTENT)
    listed = leo_bench("weights", "list")
    assert listed.code == 0
    assert listed.out.count("prefix verified") == 1
    found = leo_bench("weights", "verify")
    assert found.code == 1  # the empty one
    assert "prefix.pt: prefix verified" in found.out
    assert "whole.pt: right" in found.out
    assert "empty.pt: EMPTY" in found.out


def test_weights_are_found_by_their_digest(places: tuple[Path, Path]) -> None:
    (places[0] / NAME).write_bytes(b"another")
    (places[1] / "i3d_torchscript.pt").write_bytes(CONTENT)
    names = [NAME, "i3d_torchscript.pt"]
    assert weights.find_by_digest(names, SHA256) == places[1] / "i3d_torchscript.pt"
    assert weights.find_by_digest(names, "0" * 64) is None


def test_a_file_of_unpublished_digest_is_never_verified(tmp_path: Path) -> None:
    (tmp_path / "w.pt").write_bytes(CONTENT)
    candidates = {"official.pt": registered(digest_unknown=True)}
    assert not identify(tmp_path / "w.pt", candidates).verified
    with pytest.raises(InputError, match=rf"{SHA256}; that of official.pt is unpublished"):
        require_registered(tmp_path / "w.pt", candidates)
