"""Reads TOML files into frozen pydantic models; errors name file, key and expectation."""

import csv
import hashlib
import io
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from leo_bench.evaluation.errors import InputError
from leo_bench.evaluation.files.given_files import read_given_text, read_toml, shortened
from leo_bench.evaluation.files.known_names import did_you_mean, known_are


class Data(BaseModel):
    """Base of the models of data files: frozen; unknown keys, NaN and infinities are errors."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=False, allow_inf_nan=False)


def without_unset(table: Data, content: dict[str, Any], later: Sequence[str]) -> dict[str, Any]:
    """A table's content without later keys that are not set, so that older files keep theirs.

    Args:
        table: whose content it is.
        content: of a serializer.
        later: keys that are younger than the first files.
    """
    unset = {key for key in later if getattr(table, key) == type(table).model_fields[key].default}
    return {key: value for key, value in content.items() if key not in unset}


class Named(Data):
    """Base of the models of data files whose `id` is the file's name."""

    id: str


_QUOTED = re.compile(r"'([^']*)'")  # values in a message of pydantic
ModelT = TypeVar("ModelT", bound=BaseModel)
NamedT = TypeVar("NamedT", bound=Named)


def load_named(model: type[NamedT], folder: Path, name: str, what: str) -> NamedT:
    """Read `folder`/`name`.toml; errors call it a `what`.

    Raises:
        InputError: there is none of that name, and the message lists the known; or as `load_toml`.
    """
    known = sorted(path.stem for path in folder.glob("*.toml"))
    if name not in known:
        raise InputError(f"no {what} {shortened(name)!r}; {known_are(name, known)}")
    return with_right_id(load_toml(model, folder / f"{name}.toml"), folder / f"{name}.toml")


def load_named_or_own(model: type[NamedT], folder: Path, name: str, what: str) -> NamedT:
    """Read the user's own file, where `name` is a path to a `.toml`; otherwise as `load_named`.

    Raises:
        InputError: as `load_named`.
    """
    if not name.endswith(".toml"):
        return load_named(model, folder, name, what)
    path = Path(name).expanduser()
    return with_right_id(load_toml(model, path), path)


def list_named(model: type[NamedT], folder: Path) -> list[NamedT]:
    """Every file of the folder, by id."""
    return [with_right_id(load_toml(model, path), path) for path in sorted(folder.glob("*.toml"))]


def with_right_id(found: NamedT, path: Path) -> NamedT:
    """Return `found` if its id is the file's name.

    Raises:
        InputError: it is not.
    """
    if found.id != path.stem:
        raise InputError(f"{path}: id is {found.id!r}; it must equal the file's name")
    return found


def load_toml(model: type[ModelT], path: Path) -> ModelT:
    """Read `path` as one `model`.

    Raises:
        InputError: the file is absent or not TOML; a key is unknown, missing or of the wrong kind;
            as `evaluation.files.given_files.read_toml`.
    """
    return parse(model, read_toml(path), where=str(path))


def load_csv(model: type[ModelT], path: Path) -> list[ModelT]:
    """Read each row of a CSV file as one `model`; an empty cell is an absent key.

    Raises:
        InputError: the file cannot be read; a row has more or fewer cells than the header, or is
            not such a model. The message names the first such line.
    """
    reader = csv.DictReader(io.StringIO(read_given_text(path), newline=""))
    found = []
    try:
        for line, row in enumerate(reader, start=2):
            if None in row or None in row.values():
                raise InputError(
                    f"{path}: line {line}: not as many cells as the first line has names"
                )
            content = {key: cell for key, cell in row.items() if cell != ""}
            found.append(parse(model, content, f"{path}: line {line}"))
    except csv.Error as error:
        raise InputError(f"{path}: not a table of comma-separated values: {error}") from None
    return found


def settings_digest(settings: Any) -> str:
    """Hex SHA-256 of settings as sorted JSON: digests of protocols, keys of caches."""
    return hashlib.sha256(json.dumps(settings, sort_keys=True).encode()).hexdigest()


def leaves(tree: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, object]]:
    """(dotted path, value) of every value in nested tables."""
    for key, value in tree.items():
        if isinstance(value, Mapping):
            yield from leaves(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value


def parse(model: type[ModelT], content: dict[str, Any], where: str) -> ModelT:
    """Validate `content` against `model`; errors begin with `where`.

    Raises:
        InputError: as `load_toml`; the first problem found, in one line.
    """
    try:
        return model.model_validate(content)
    except ValidationError as error:
        raise InputError(f"{where}: {_first_problem(model, error)}") from None


def _first_problem(model: type[BaseModel], error: ValidationError) -> str:
    # An unknown key first: a misspelt key is also reported as missing.
    problems = error.errors(include_url=False)
    problem = min(problems, key=lambda found: found["type"] != "extra_forbidden")
    path, last = problem["loc"][:-1], shortened(problem["loc"][-1]) if problem["loc"] else ""
    prefix = "".join(f"{shortened(part)}: " for part in path)
    if problem["type"] == "extra_forbidden":
        known = _keys_at(model, path)
        more = f"; {known_are(last, known, repr)}" if known else ""
        return f"{prefix}unknown key {last!r}{more}"
    if problem["type"] == "missing":
        return f"{prefix}key {last!r} is missing"
    message = problem["msg"].removeprefix("Value error, ")  # pydantic's words for our own
    if isinstance(problem["input"], dict):  # of a whole table: the message names the key
        return f"{prefix}{last}: {message}" if last else message
    said = f"{prefix}{last} is {_shown(problem['input'])}: {message}"
    if problem["type"] != "literal_error":
        return said
    guess = did_you_mean(str(problem["input"]), _QUOTED.findall(message))
    return f"{said}; {guess}".rstrip("; ")


def _shown(value: object) -> str:
    try:
        return shortened(repr(value))
    except ValueError:  # an integer of more digits than Python writes
        return "a number of thousands of digits"


def _keys_at(model: type[BaseModel], path: tuple[int | str, ...]) -> list[str]:
    """The keys that the model allows at `path`; [] where the path leads through a union."""
    for part in path:
        if isinstance(part, int):
            continue
        field = model.model_fields.get(part)
        found = None if field is None else _model_in(field.annotation)
        if found is None:
            return []
        model = found
    return sorted(model.model_fields)


def _model_in(annotation: object) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    for argument in getattr(annotation, "__args__", ()):
        found = _model_in(argument)
        if found is not None:
            return found
    return None
