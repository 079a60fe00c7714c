"""A data set and a suite of a user's own: TOML files and a handful of small videos."""

from pathlib import Path

from made_videos import encode, moving

DATASET = """
id = "walks"
layout = "folder"
root = "videos"

[evaluation]
protocol = "stylegan-v"
split = "test"

[splits.train]
path = "of-training"
[splits.test]
videos = 4
"""

SUITE = """
id = "mine"
about = "Walks, as a data set and as a folder."

[[benchmark]]
id = "walks"
dataset = "data/walks.toml/test"
frames = 10
real_stride = 1
fake_stride = 1
protocol = "stylegan-v"
metrics = ["fvd"]

[[benchmark]]
id = "folder"
dataset = "data/videos/test"
resolution = 16
frames = 10
real_stride = 1
fake_stride = 1
protocol = "digan"
metrics = ["kvd"]
clips = 4
repeats = 1

[[model]]
name = "ours"
source = "data/videos/of-training"

[[model]]
name = "blurred"
source = "damaged:blur:{real}"
"""


def write_own_data(folder: Path) -> Path:
    """`mine.toml`, `data/walks.toml` and `data/videos/` of two splits in a folder -> the folder."""
    (folder / "data").mkdir(parents=True)
    (folder / "data" / "walks.toml").write_text(DATASET)
    (folder / "mine.toml").write_text(SUITE)
    for seed, split in ((0, "test"), (100, "of-training")):
        place = folder / "data" / "videos" / split
        place.mkdir(parents=True)
        for number in range(4):
            encode(place / f"{number}.mp4", moving(12, 32, 32, seed + number))
    return folder
