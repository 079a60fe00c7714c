"""Sources without their broken videos."""

from leo_bench.evaluation.videos.remembered import RememberedVideos
from leo_bench.evaluation.videos.source import Medium, Selection, Skipped, VideoSource, without


def test_a_thousand_broken_videos_are_left_out_one_by_one() -> None:
    names = [f"{number:04d}" for number in range(1060)]
    medium = Medium("rendered", (), "none", lossy=False)
    source: VideoSource = RememberedVideos(
        "all", names, list(range(1060)), [(8, 8)] * 1060, {1055: "digest"}, medium, notes=["a note"]
    )
    for name in names[:1050]:
        source = without(source, Skipped(name, "cut off"))
    assert isinstance(source, Selection)
    assert source.names == names[1050:]
    assert source.frame_counts == list(range(1050, 1060))
    assert source.digest(5) == "digest"
    assert [broken.name for broken in source.skipped] == names[:1050]
    assert (source.name, source.notes) == ("all", ("a note",))
