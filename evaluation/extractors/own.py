"""Extractors of the user's own: any module or function from clips to features.

    register_extractor("mine", build)                        from Python
    leo-bench fvd ... --extractor FILE.py:FUNCTION           from the command line
    leo-bench fvd ... --extractor PACKAGE.MODULE:FUNCTION

`build`, or FUNCTION, takes no arguments and returns a `torch.nn.Module` or another callable from
float32 [B,3,T,224,224], RGB, -1..1, on the asked device, to floating [B,D]. Clips go through it one
by one, so B is 1.

Importing runs a program, so it takes a user's word: no record, protocol or suite makes anything be
imported. Features are cached under a digest of the source files and of the state_dict. What a plain
function reads from elsewhere, such as a file, is in neither: return a module that holds it.
"""

import hashlib
import inspect
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib import import_module
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType

import torch
from torch import Tensor, nn

from leo_bench.evaluation.errors import InputError
from leo_bench.evaluation.extractors import ExtractorRequest
from leo_bench.evaluation.extractors.numerics import chosen_device, full_precision

Build = Callable[[], Callable[[Tensor], Tensor]]


@dataclass(frozen=True)
class OwnExtractor:
    """See `evaluation.extractors.ClipExtractor`.

    Args:
        name: as given, "@", and the digest of the source files.
        weights: hex SHA-256 of the state_dict; "none" where there is no module.
        network: of one clip [1,3,T,224,224].
    """

    name: str
    weights: str
    device: str
    network: Callable[[Tensor], Tensor]
    dim: int = 0  # not known before the first clip
    weights_verified: bool = False
    precision: str = "fp32"

    def __call__(self, clips: Tensor) -> Tensor:
        """float32 [B,3,T,224,224], RGB, -1..1 -> float32 [B,D] on the CPU.

        Raises:
            InputError: the network gives no floating [1,D] for a clip, or fails.
        """
        return torch.cat([self._of_one(clip) for clip in torch.split(clips, 1)])

    def _of_one(self, clip: Tensor) -> Tensor:
        try:
            with full_precision(), torch.inference_mode():
                found = self.network(clip.to(self.device))
        except Exception as error:
            raise InputError(f"extractor {self.name}: {_said(error)}") from error
        if not isinstance(found, Tensor) or found.ndim != 2 or len(found) != 1:
            kind = list(found.shape) if isinstance(found, Tensor) else type(found).__name__
            raise InputError(f"extractor {self.name}: gives {kind} for a clip; expected [1,D]")
        return found.float().cpu().clone()


def build_own(request: ExtractorRequest, build: Build) -> OwnExtractor:
    """The extractor that `build` makes.

    Raises:
        InputError: `build` fails or makes nothing that can be called; an option that is not its.
    """
    if request.weights is not None or request.trust_torchscript or request.precision != "fp32":
        raise InputError(
            f"extractor {request.name} loads its weights itself and computes in fp32: drop "
            "--weights, --trust-torchscript and --dtype"
        )
    device = chosen_device(request.device)
    try:
        network = build()
    except Exception as error:
        raise InputError(f"extractor {request.name}: {_said(error)}") from error
    if not callable(network):
        raise InputError(
            f"extractor {request.name}: gives a {type(network).__name__}; expected a module or a "
            "function from clips to features"
        )
    modules = list(_modules_in(network))
    for module in modules:
        module.to(device).eval().requires_grad_(False)
    name = f"{request.name}@{_source_digest(request.name, build, network, modules)[:32]}"
    weights = _state_digest(request.name, modules) if modules else "none"
    return OwnExtractor(name, weights, str(device), network)


def imported(spec: str) -> Build:
    """The function that FILE.py:FUNCTION or PACKAGE.MODULE:FUNCTION names; runs its module.

    Raises:
        InputError: there is no such file, module or function; the module fails.
    """
    where, _, function = spec.rpartition(":")
    if not where or not function.isidentifier():
        raise InputError(
            f"--extractor {spec}: expected FILE.py:FUNCTION or PACKAGE.MODULE:FUNCTION"
        )
    if where.endswith(".py") and not Path(where).is_file():
        raise InputError(f"--extractor {spec}: {where}: no such file")
    try:
        module = _module_of(Path(where)) if where.endswith(".py") else import_module(where)
    except Exception as error:
        raise InputError(f"--extractor {spec}: {_said(error)}") from error
    build = getattr(module, function, None)
    if not callable(build):
        raise InputError(f"--extractor {spec}: {where} has no function {function}")
    found: Build = build
    return found


def _module_of(path: Path) -> ModuleType:
    """A file run as a module of its own, under a name that its place and content decide."""
    source = path.read_bytes()
    content = str(path.resolve()).encode() + b"\0" + source
    name = f"leo_bench_extractor_{hashlib.sha256(content).hexdigest()[:16]}"
    if name in sys.modules:
        return sys.modules[name]
    found = spec_from_file_location(name, path)
    if found is None:
        raise ImportError(f"{path} cannot be imported")
    module = module_from_spec(found)
    sys.modules[name] = module  # dataclasses look their module up while it runs
    try:
        # Not by the loader: its bytecode cache misses a change of the same size in the same second.
        exec(compile(source, str(path), "exec"), module.__dict__)
    except BaseException:
        del sys.modules[name]
        raise
    return module


def _said(error: Exception) -> str:
    return f"{type(error).__name__}: {' '.join(str(error).split())}"


def _modules_in(network: Callable[[Tensor], Tensor]) -> Iterator[nn.Module]:
    """The network itself, or modules that a function is bound to or closes over."""
    if isinstance(network, nn.Module):
        yield network
        return
    reached = [getattr(network, "__self__", None), getattr(network, "func", None)]
    reached += [*getattr(network, "args", ()), *getattr(network, "keywords", {}).values()]
    if inspect.isfunction(network):
        used = inspect.getclosurevars(network)
        reached += [*used.nonlocals.values(), *used.globals.values()]
    for value in reached:
        if isinstance(value, nn.Module):
            yield value


def _source_digest(
    name: str, build: Build, network: Callable[[Tensor], Tensor], modules: list[nn.Module]
) -> str:
    """Hex SHA-256 over the files of the function, of the network, and of its modules' classes."""
    classes = {type(part) for module in modules for part in module.modules()}
    objects: list[object] = [build, network if inspect.isroutine(network) else type(network)]
    objects += [kind for kind in classes if not kind.__module__.startswith("torch.")]
    contents = set()
    for thing in objects:
        try:
            file = inspect.getsourcefile(thing)  # type: ignore[arg-type]
        except TypeError:
            continue  # built in
        if file is not None and Path(file).is_file():
            contents.add(hashlib.sha256(Path(file).read_bytes()).hexdigest())
    if not contents:
        raise InputError(
            f"extractor {name}: its function is in no file, so that its features cannot be told "
            "from another's: write it to a file"
        )
    return hashlib.sha256("\0".join(sorted(contents)).encode()).hexdigest()


def _state_digest(name: str, modules: list[nn.Module]) -> str:
    """Hex SHA-256 over names, dtypes, shapes and bytes of all parameters and buffers."""
    digest = hashlib.sha256()
    for module in modules:
        for key, value in sorted(module.state_dict().items()):
            if not isinstance(value, Tensor) or value.layout != torch.strided:
                raise InputError(f"extractor {name}: {key} is no plain tensor")
            digest.update(f"{key}\0{value.dtype}\0{list(value.shape)}\0".encode())
            flat = value.detach().cpu().contiguous().reshape(-1)
            digest.update(flat.view(torch.uint8).numpy().tobytes())
    return digest.hexdigest()
