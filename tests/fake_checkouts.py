"""Checkouts whose "sampler" is a small program that takes a system's options and writes its layout.

Each writes, file for file, the tree that the real one's own script writes (spec data.md section 4),
of videos of noise that follow from the seed, so that what is read back can be compared.
"""

import subprocess
from pathlib import Path

PRELUDE = """
import argparse, os, sys, time
import numpy as np
from PIL import Image
parser = argparse.ArgumentParser()
def videos(count, frames, side, seed=0):
    return np.random.RandomState(seed).randint(0, 256, (count, frames, side, side, 3), np.uint8)
"""

# universome/stylegan-v src/scripts/generate.py, without flags: folders of frames.
STYLEGAN_V = """
parser.add_argument("--network_pkl"); parser.add_argument("--outdir")
parser.add_argument("--num_videos", type=int); parser.add_argument("--video_len", type=int)
parser.add_argument("--seed", type=int); parser.add_argument("--truncation_psi", default=1.0)
a = parser.parse_args()
print("generating", a.num_videos, "videos of", open(a.network_pkl).read())
for v, video in enumerate(videos(a.num_videos, a.video_len, 16, a.seed)):
    os.makedirs(f"{a.outdir}/{v:06d}")
    for f, frame in enumerate(video):
        Image.fromarray(frame).save(f"{a.outdir}/{v:06d}/{f:06d}.jpg", q=95)
"""

# songweige/TATS scripts/sample_vqgan_transformer_short_videos.py: one array, and tiled avi files.
TATS = """
for name in ("--gpt_ckpt", "--vqgan_ckpt", "--save", "--dataset"):
    parser.add_argument(name)
for name in ("--n_sample", "--batch_size", "--top_k"):
    parser.add_argument(name, type=int)
parser.add_argument("--top_p", type=float); parser.add_argument("--run", type=int, default=0)
parser.add_argument("--save_videos", action="store_true")
a = parser.parse_args()
count = -(-a.n_sample // a.batch_size) * a.batch_size
made = videos(count, 16, 128)
name = "topp%.2f_topk%d_run%d" % (a.top_p, a.top_k, a.run)
os.makedirs(f"{a.save}/numpy_files/{a.dataset}")
os.makedirs(f"{a.save}/videos/{a.dataset}/{name}")
np.save(f"{a.save}/numpy_files/{a.dataset}/{name}_eval.npy", made)
open(f"{a.save}/videos/{a.dataset}/{name}/generation_0.avi", "wb").write(b"not looked at")
"""

# snap-research/MoCoGAN-HD evaluate.py: two mp4 files a video.
MOCOGAN_HD = """
import av
for name in ("--save_pca_path", "--img_g_weights", "--load_pretrain_path", "--results"):
    parser.add_argument(name)
for name in ("--latent_dimension", "--style_gan_size", "--load_pretrain_epoch"):
    parser.add_argument(name, type=int)
parser.add_argument("--num_test_videos", type=int)
a = parser.parse_args()
def write(path, video):
    with av.open(path, "w") as container:
        stream = container.add_stream("libx264rgb", rate=25, options={"qp": "0"})
        stream.width = stream.height = 16
        stream.pix_fmt = "rgb24"
        for frame in video:
            container.mux(stream.encode(av.VideoFrame.from_ndarray(frame, format="rgb24")))
        container.mux(stream.encode())
for j, video in enumerate(videos(a.num_test_videos, 3, 16)):
    write(f"{a.results}/ffs_{a.load_pretrain_epoch}_{j}.mp4", video)
    write(f"{a.results}/ffs_{a.load_pretrain_epoch}_{j}_noise.mp4", 255 - video)
"""

SCRIPTS = {
    "stylegan-v": ("src/scripts/generate.py", STYLEGAN_V),
    "mostgan-v": ("src/scripts/generate.py", STYLEGAN_V),
    "tats": ("scripts/sample_vqgan_transformer_short_videos.py", TATS),
    "mocogan-hd": ("evaluate.py", MOCOGAN_HD),
}


def checkout(folder: Path, method: str, before: str = "", *, git: bool = True) -> Path:
    """A checkout of `method`; `before` is what its sampler does once its options are read."""
    name, body = SCRIPTS[method]
    script = folder / name
    script.parent.mkdir(parents=True)
    body = body.replace("a = parser.parse_args()\n", f"a = parser.parse_args()\n{before}\n")
    script.write_text(PRELUDE + body)
    if git:
        in_git(folder, "init", "-q")
        in_git(folder, "add", ".")
        in_git(folder, "commit", "-q", "-m", "a")
    return folder


def in_git(folder: Path, *words: str) -> str:
    """What git says in a folder, whoever the user is."""
    who = ("-c", "user.name=a", "-c", "user.email=a@b")
    run = subprocess.run(
        ["git", *who, "-C", folder, *words], check=True, capture_output=True, text=True
    )
    return run.stdout.strip()


def weights(folder: Path, *names: str) -> dict[str, Path]:
    """Small files that stand for weights."""
    found = {name: folder / f"{name}.pkl" for name in names}
    for name, path in found.items():
        path.write_text(name)
    return found
