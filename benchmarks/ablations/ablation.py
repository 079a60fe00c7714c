"""The model of an ablation's TOML file: its variants, measure, and the paper's table."""

from collections.abc import Sequence
from pathlib import Path

from pydantic import Field, model_validator

from leo_bench.evaluation.errors import InputError
from leo_bench.evaluation.files.known_names import known_are
from leo_bench.evaluation.files.schema import Data, Named, load_named

FOLDER = Path(__file__).parent


class Variant(Data):
    """One row of the table.

    Args:
        label: its name in the paper's table.
        about: what it is.
        changes: changes of the config, as after --set, for a variant that is trained.
        sampling: options of `leo.sampling.options.Sampling`, for one that is only sampled.
    """

    label: str
    about: str
    changes: tuple[str, ...] = ()
    sampling: dict[str, bool] = Field(default_factory=dict)


class Published(Data):
    """One column of the paper's table: value by variant."""

    column: str
    values: dict[str, float]


class Ablation(Named):
    """An ablation.

    Args:
        source: paper and table.
        title: title of the table.
        measure: what the table's numbers are.
        reference: the variant that the others are compared with.
        rows: variants of the paper's table, in its order.
        variants: by name; those that are not in `rows` are run on request.
    """

    about: str
    source: str
    title: str
    measure: str
    reference: str
    rows: tuple[str, ...]
    variants: dict[str, Variant]
    published: tuple[Published, ...] = ()

    @model_validator(mode="after")
    def _names_variants(self) -> "Ablation":
        named = {self.reference, *self.rows, *(v for p in self.published for v in p.values)}
        if unknown := named - set(self.variants):
            raise ValueError(f"no variant {sorted(unknown)[0]!r}")
        return self

    def chosen(self, names: Sequence[str]) -> tuple[str, ...]:
        """The variants of these names in the order of the table; without names, its rows.

        Raises:
            InputError: a name is unknown, or the reference is not among them.
        """
        for name in names:
            if name not in self.variants:
                raise InputError(
                    f"no variant {name!r} of {self.id}; {known_are(name, self.variants)}"
                )
        if not names:
            return self.rows
        if self.reference not in names:
            raise InputError(
                f"--variants {','.join(names)}: the others are compared with {self.reference!r}; "
                "name it too"
            )
        order = [*self.rows, *(name for name in self.variants if name not in self.rows)]
        return tuple(name for name in order if name in names)


def load_ablation(name: str) -> Ablation:
    """The ablation with this id.

    Raises:
        InputError: there is none; the message lists the known ids.
    """
    return load_named(Ablation, FOLDER, name, "ablation")
