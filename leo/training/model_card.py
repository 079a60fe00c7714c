"""The card of an exported model, in Markdown: what it is, what it was made from, its licence."""

from collections.abc import Mapping

from leo_bench.evaluation.records.circumstances import versions
from leo_bench.leo.config import Config

CARD = "MODEL_CARD.md"
_NONE_STATED = "none stated: whoever trained it decides; the training data have terms of their own"


def model_card(config: Config, steps: Mapping[str, int], data: str | None) -> str:
    """The text of the card.

    Args:
        config: of the model.
        steps: that each exported stage was trained for.
        data: the training data, as `--data` named them; None: not known.
    """
    taken = config.animator.checkpoint
    trained = [f"{stage} {count:,}" for stage, count in steps.items() if count]
    rows = {
        "config": f"{config.id} ({config.about}); the whole is in config.toml",
        "size": f"{config.resolution} x {config.resolution} pixels",
        "training data": data or "not known",
        "training steps": ", ".join(trained),
        "animator": "trained"
        if taken is None
        else f"{taken.file}, SHA-256 {taken.sha256}, from {taken.source}; not trained",
        "licence": f"{config.licence} (of the model, and of all videos made with it)"
        if config.licence
        else _NONE_STATED,
    }
    lines = [
        f"# A LEO model, {config.id}",
        "",
        "It generates videos of people (LEO, arXiv 2305.03989; an independent reproduction).",
        f"Exported by leo-bench {versions()['leo-bench']}. To sample from it:",
        "",
        "    leo-bench sample --run leo:FOLDER --out SAMPLES",
        "",
        "| | |",
        "|---|---|",
        *(f"| {name} | {text} |" for name, text in rows.items()),
    ]
    return "\n".join(lines) + "\n"
