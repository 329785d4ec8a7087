"""A GPU that is only pretended: its tensors lie on this processor, and mix with no others.

What a real one refuses is refused: operands or a generator on the processor, and NumPy. Views,
gradients and values are those of the tensors that are held, so code may branch on them.
"""

import copy
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, nullcontext
from types import CellType, FunctionType
from typing import Any, ClassVar
from unittest.mock import patch

import pytest
import torch
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode, return_and_correct_aliasing
from torch.utils._pytree import tree_leaves, tree_map_only

CPU, GPU = torch.device("cpu"), torch.device("cuda:0")
aten, Generator = torch.ops.aten, torch.Generator
INDEXED = (aten.index, aten.index_put, aten.index_put_, aten._index_put_impl_)


def _run(func: Any, args: Any, kwargs: Any) -> Any:
    """Run an operation on what is held, unless a GPU would refuse it."""
    name, device, source = func.overloadpacket, kwargs.get("device"), kwargs.get("generator")
    given = tree_leaves((args, kwargs))
    there = any(isinstance(x, There) for x in given)
    if name in INDEXED and isinstance(args[0], There):  # indices may lie on the processor
        given = tree_leaves((args[0], args[2:]))
    here = [x for x in given if isinstance(x, Tensor) and not isinstance(x, There)]
    if torch.Tag.pointwise in func.tags or name in (*INDEXED, aten.masked_fill, aten.masked_fill_):
        here = [x for x in here if x.ndim]  # a single number may
    if there and here and name is not aten.copy_:
        shapes = [tuple(x.shape) for x in here]
        raise RuntimeError(f"{func} mixes tensors on the GPU with {shapes} on the processor")
    if device is not None:
        there = device.type not in ("cpu", "meta")
        kwargs = kwargs | {"device": CPU if there else device}
    if source is not None and (source._cdata in Source.there) != there:
        raise RuntimeError(f"{func} draws from a generator of another device than its result")
    held_args, held_kwargs = tree_map_only(There, lambda x: x.held, (args, kwargs))
    found = func(*held_args, **held_kwargs)
    if not there:
        return found
    return return_and_correct_aliasing(func, args, kwargs, tree_map_only(Tensor, There, found))


class There(Tensor):
    """A tensor that holds another, and says that it lies on the GPU."""

    device, is_cuda = property(lambda self: GPU), property(lambda self: True)

    def __new__(cls, held: Tensor) -> "There":
        own = dict(dtype=held.dtype, device="lazy:0")  # to autograd a device without streams
        shape, strides, start = held.shape, held.stride(), held.storage_offset()
        return Tensor._make_wrapper_subclass(cls, shape, strides, start, **own)

    def __init__(self, held: Tensor) -> None:
        self.held = held

    def tolist(self) -> Any:
        return self.held.tolist()

    @classmethod
    def __torch_dispatch__(cls, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        return _run(func, args, kwargs or {})


class _Mode(TorchDispatchMode):
    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        return _run(func, args, kwargs or {})


class _Kind(type(Generator)):
    def __instancecheck__(cls, value: Any) -> bool:
        return isinstance(value, Generator)


class Source(Generator, metaclass=_Kind):
    """A source of random numbers, which may be there."""

    there: ClassVar[dict[int, "Source"]] = {}  # by address, which none takes while it is held
    device = property(lambda self: GPU if self._cdata in Source.there else CPU)

    def __new__(cls, device: Any = "cpu") -> "Source":
        self = super().__new__(cls)
        if torch.device(device) != CPU:
            cls.there[self._cdata] = self
        return self


@contextmanager
def pretended_gpu() -> Iterator[None]:
    """Let ``"cuda"`` be that GPU."""
    torch._C._ensureCUDADeviceGuardSet()  # as fake tensors have it: no driver is asked
    instead = {
        "Generator": Source,
        "cuda.default_generators": (Source("cuda"),),
        "cuda._lazy_init": lambda: None,
        "cuda.random._lazy_init": lambda: None,
        "cuda.random._lazy_call": lambda call, **_: call(),
    }
    switches = (
        torch.__future__.set_overwrite_module_params_on_conversion,
        torch._C._set_only_lift_cpu_tensors,  # of torch.tensor: made here, and then moved
    )
    with ExitStack() as stack:
        stack.callback(Source.there.clear)
        for name, value in instead.items():
            stack.enter_context(patch(f"torch.{name}", value))
        for switch in switches:
            switch(True)
            stack.callback(switch, False)
        yield stack.enter_context(_Mode())


every_gpu = pytest.mark.parametrize(
    "gpu", [pretended_gpu, pytest.param(nullcontext, marks=pytest.mark.gpu)], ids=["pretended", ""]
)


def on_gpu(value: Any) -> Any:
    """Return a copy whose tensors, networks and sources are on the GPU, in closures as well."""

    def tensor(x: Tensor, memo: dict[int, Any]) -> Tensor:
        moved = x.detach().to("cuda")
        moved = nn.Parameter(moved) if isinstance(x, nn.Parameter) else moved
        return memo.setdefault(id(x), moved.requires_grad_(x.requires_grad))

    def source(g: Generator, memo: dict[int, Any]) -> Generator:
        return memo.setdefault(id(g), torch.Generator("cuda").manual_seed(0))

    def function(f: FunctionType, memo: dict[int, Any]) -> FunctionType:
        if not f.__closure__ or f.__module__.startswith("torch"):
            return f
        cells = [CellType(copy.deepcopy(cell.cell_contents, memo)) for cell in f.__closure__]
        found = FunctionType(f.__code__, f.__globals__, f.__name__, f.__defaults__, (*cells,))
        found.__kwdefaults__ = f.__kwdefaults__
        return found

    own = {Tensor: tensor, nn.Parameter: tensor, FunctionType: function}
    own |= {Generator: source, Source: source}
    with patch.dict(copy._deepcopy_dispatch, own):
        return copy.deepcopy(value)
