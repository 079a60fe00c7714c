"""`LOCATION?OPTION=VALUE&OPTION=VALUE`, as sources on the command line are written."""

from leo_bench.evaluation.errors import InputError


def split_query(spec: str) -> tuple[str, dict[str, object]]:
    """The location, and the options behind its last `?`.

    Raises:
        InputError: something behind the `?` is no OPTION=VALUE, or an option is there twice.
    """
    where, _, query = spec.rpartition("?") if "?" in spec else (spec, "", "")
    return where, query_options(query, spec)


def query_options(query: str, spec: str) -> dict[str, object]:
    """`OPTION=VALUE&OPTION=VALUE`, which stands behind a `?` in `spec`.

    Raises:
        InputError: as `split_query`.
    """
    options: dict[str, object] = {}
    for pair in filter(None, query.split("&")):
        key, equals, value = pair.partition("=")
        if not equals:
            raise InputError(f"{spec}: {pair!r} behind the ? is not OPTION=VALUE")
        if key in options:
            raise InputError(f"{spec}: {key}= is there twice")
        options[key] = value
    return options
