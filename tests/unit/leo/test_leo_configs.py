"""LEO's configs: each is read, says what it costs, and its README line is true."""

import pytest
from accelerate import Accelerator
from places import ROOT
from tiny_stages import Regression

from leo_bench.benchmarks.listing import configs
from leo_bench.benchmarks.weights_uses import needed_for
from leo_bench.evaluation.errors import InputError
from leo_bench.evaluation.files.schema import parse
from leo_bench.evaluation.weights.registry import LIA, weights_for
from leo_bench.leo.config import CONFIGS, Config, load_config
from leo_bench.leo.stage import Player
from leo_bench.leo.training.budget import costs
from leo_bench.leo.training.players import PlayerState

README = ROOT / "leo" / "README.md"
LIAS = {"lia-vox256", "lia-taichi256", "lia-ted256"}
PAPER = {"taichihd128", "taichihd256", "faceforensics256", "celebvhq256", "ucf101"}
NAMES = sorted(path.stem for path in CONFIGS.glob("*.toml"))


def test_the_readme_holds_the_table_that_the_program_prints() -> None:
    listing = configs()
    lines = ["| " + " | ".join(listing.columns) + " |", "|---" * len(listing.columns) + "|"]
    lines += ["| " + " | ".join(row) + " |" for row in listing.rows]
    between = README.read_text().partition("<!-- configs -->")[2].partition("<!-- /configs -->")[0]
    assert between.strip().splitlines() == lines


@pytest.mark.parametrize("name", NAMES)
def test_a_config_is_read_under_its_own_name(name: str) -> None:
    assert load_config(name).id == name


def test_every_row_of_the_paper_and_the_small_ones_are_there() -> None:
    assert set(NAMES) == PAPER | LIAS | {"toy64", "weizmann64", "grid64", "grid128"}


@pytest.mark.parametrize("name", sorted(LIAS))
def test_the_configs_of_lias_checkpoints_train_all_but_the_animator(name: str) -> None:
    config = load_config(name)
    checkpoint = config.animator.checkpoint
    assert checkpoint is not None
    registered = weights_for(LIA)[checkpoint.file]
    assert (checkpoint.licence, checkpoint.source) == (registered.licence, *registered.by_hand)
    assert "NC" in config.licence
    first, *others = costs(config)
    assert (first.steps, first.hours) == (0, 0)
    assert first.parameters == 45_116_317  # specification 1.9
    assert all(row.hours > 0 for row in others)
    assert needed_for(name) == [checkpoint.file]


def test_what_says_nothing_of_a_taken_animator_is_refused_and_left_out() -> None:
    with pytest.raises(InputError, match=r"start has no effect: the animator comes from vox\.pt"):
        load_config("lia-vox256", ["animator.start=copy"])
    with pytest.raises(InputError, match="training is missing, and there is no checkpoint"):
        parse(Config, load_config("toy64").model_dump() | {"animator": {}}, where="toy64")
    assert set(load_config("lia-vox256").model_dump()["animator"]) == {
        "channel_cap", "channel_base", "style", "directions", "align_corners", "checkpoint",
    }  # fmt: skip
    assert "checkpoint" not in load_config("toy64").model_dump()["animator"]  # old texts, digests


@pytest.mark.parametrize("name", sorted(PAPER))
def test_the_papers_animators_train_with_lias_adam(name: str) -> None:
    """StyleGAN2's ratios of lazy regularisation, 4/5 and 16/17; eps 1e-8, no weight decay."""
    config = load_config(name).animator
    assert config.discriminator is not None
    assert config.generator is not None
    for how, ratio in ((config.generator, 4 / 5), (config.discriminator, 16 / 17)):
        adam = PlayerState.take(
            Player("any", Regression(), how), Accelerator(cpu=True)
        ).optimiser.defaults
        assert adam["lr"] == pytest.approx(0.002 * ratio, abs=5e-9)
        assert adam["betas"] == (0, pytest.approx(0.99**ratio, abs=5e-7))
        assert (adam["eps"], adam["weight_decay"], adam["amsgrad"]) == (1e-8, 0, False)
        assert how.falling == 0


def test_a_step_of_lia_at_256_costs_what_the_specification_counts() -> None:
    """About 358 GMAC a pair at 256 pixels with VGG and discriminator; 222 at 128."""
    for name, wanted in (("faceforensics256", 358e9), ("taichihd128", 222e9)):
        config = load_config(name)
        row = costs(config)[0]
        assert config.animator.training is not None
        assert row.macs / config.animator.training.batch == pytest.approx(wanted, rel=0.01)


def test_changes_are_made_and_checked() -> None:
    changed = load_config("toy64", ["lmdm.training.steps=7", "animator.perceptual=pixels"])
    assert changed.lmdm.training.steps == 7
    assert changed.frame_dm == load_config("toy64").frame_dm


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ("lmdm.training.stepz=1", "unknown key 'stepz'"),
        ("lmdm.training.steps", "expected KEY=VALUE"),
        ("lmdm.training.steps=many", "steps is 'many'"),
        ("id.x=1", "id is not a table"),
        ("resolution=96", "power of two"),
        ("resolution=128", "starting frames end at 64"),
        ("animator.perceptual=vgg19", "VGG-19 sees nothing"),
        ("animator.style=8", "do not fit into a style of 8"),
        ("animator.channel_cap=0", "channel_cap is 0: Input should be greater than or equal to 1"),
        ("animator.channel_base=32", "channel_base is 32; .* give 64 or more"),
        ("animator.emphasis=inf", "emphasis is inf"),
        ("animator.generator.learning_rate=inf", "learning_rate is inf"),
        ("animator.generator.betas=[0.9, 1.5]", "betas: 1 is 1.5: Input should be less than 1"),
        ("lmdm.length=30", "length is 30; it must be a multiple of 4"),
        ("lmdm.length=0", "length is 0"),
        ("lmdm.frame_stride=0", "frame_stride is 0"),
        ("lmdm.network.channels=48", "channels is 48; it must be a multiple of 32"),
        ("lmdm.network.heads=3", "channels is 64; .* of heads, 3"),
        ("lmdm.network.multipliers=[]", "multipliers is \\[\\]"),
        ("lmdm.network.dropout=1.0", "dropout is 1.0"),
        ("lmdm.diffusion.steps=0", "steps is 0"),
        ("lmdm.training.report_every=0", "report_every is 0"),
        ("lmdm.training.save_every=-1", "save_every is -1"),
        ("lmdm.training.ema=3", "ema is 3: Input should be less than 1"),
        ("lmdm.training.accumulate=5", "batch is 32; it must be a multiple of accumulate, 5"),
        ("frame_dm.width=0", "width is 0"),
        ("transition_dm.strides=[]", "strides is \\[\\]"),
        ("transition_dm.strides=[1, 0]", "strides: 1 is 0"),
        ("transition_dm.length=63", "length is 63; it must be a multiple of 2"),
        ("cddpm.network.patch=3", "32 pixels cannot be divided by 6"),
        ("animator.channel_base=128", "3 channels of the finest map, which has 2"),
        ("animator.channel_cap=2", "3 channels of the finest map, which has 2"),
        ("cddpm.network.heads=5", "56 channels, heads of 11: no fit"),
    ],
)
def test_a_wrong_change_is_one_line_that_says_what(change: str, message: str) -> None:
    with pytest.raises(InputError, match=message) as caught:
        load_config("toy64", [change])
    assert "\n" not in str(caught.value)
    assert "Value error" not in str(caught.value)
    assert ": :" not in str(caught.value)


def test_an_unknown_config_names_one_that_is_near() -> None:
    with pytest.raises(InputError, match=r"did you mean toy64\?"):
        load_config("toy63")
