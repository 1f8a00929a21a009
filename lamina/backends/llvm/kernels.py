"""From a graph to kernels: loops that run one after the other, each over one space.

A kernel may begin with a root (a matrix product, a reduction, a look-up: what reads more than its
own place) and goes on with operations element by element, which pass values in registers. Moving
operations cost nothing: they are views, resolved where they are read.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from ...core.dtypes import Array
from ...core.shapes import B
from ...ir.bind import new_value
from ...ir.graph import Graph
from ...ir.value import Node, Spec, Value
from ...passes.rewriter import repeated_number
from .elementwise import can_emit
from .layout import ALIASES, MOVES, Form, View, form_of, has_form, move, plain
from .stages import stages


class Unsupported(Exception):
    """The backend cannot lower an operation: which (None: some movement), and why."""

    def __init__(self, node: Node | None, reason: str) -> None:
        super().__init__(f"{node.primitive.name}: {reason}" if node else reason)
        self.node = node


class Item(NamedTuple):
    """An operation element by element: `node`, or a copy of its one source where that is None."""

    node: Node | None
    sources: tuple[View, ...]
    output: Value


class Root(NamedTuple):
    """What a kernel begins with: a name in the table of roots, operands, parameters."""

    name: str
    sources: tuple[Value, ...]
    params: dict[str, Any]
    output: Value


class Kernel:
    """One loop: its space, its stage, a root or none, and what follows element by element."""

    def __init__(self, number: int, form: Form, stage: int, root: Root | None = None) -> None:
        self.number = number
        self.form = form
        self.stage = stage
        self.root = root
        self.items: list[Item] = []

    @property
    def split(self) -> str:
        """What threads can share: a range of panels, of rows, or nothing."""
        if self.form.batch:
            return "panels"
        name = self.root.name if self.root else ""
        if name not in _SHARED:
            return "solo"
        if name == "reduce_batch":
            return "panels" if self.form.rows == 1 else "solo"
        by_rows = not self.root or self.root.params.get("pattern") == "chunk"
        if by_rows and self.form.rows > self.form.columns // 4:
            return "rows"
        return "panels"

    @property
    def outputs(self) -> list[Value]:
        """All values that it computes."""
        own = [self.root.output] if self.root else []
        return own + [item.output for item in self.items]

    def reads(self) -> list[Value]:
        """What it reads from memory, and what it passes on in registers."""
        found = list(self.root.sources) if self.root else []
        found += [view.base for item in self.items for view in item.sources]
        return found

    def __repr__(self) -> str:
        names = [self.root.name] if self.root else []
        names += [item.node.primitive.name if item.node else "copy" for item in self.items]
        space = f"{'B × ' if self.form.batch else ''}{self.form.rows} × {self.form.columns}"
        return f"kernel {self.number} [{space}] stage {self.stage}: {' '.join(names)}"


_SHARED = ("", "matmul", "reduce_lines", "reduce_batch")  # roots that threads can share

Planner = Callable[["Planned", Node], None]
ROOTS: dict[str, Planner] = {}
"""By the name of a primitive: what adds the kernel of a node that is not element by element."""


class Planned:
    """A graph as kernels, in the order in which they run."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.kernels: list[Kernel] = []
        self.views: dict[int, View] = {}
        self.maker: dict[int, Kernel] = {}  # of a value, by its id
        self.constants: dict[int, Value] = {}
        for node in graph.nodes:
            if not node.outputs:
                raise Unsupported(node, "without a result")
        self._stages = stages(graph.nodes, graph.inputs)
        self._solid: dict[int, Value] = {}
        self._turned: dict[int, Value] = {}
        self._waiting: dict[int, Item] = {}  # for the kernel that needs them, by their outputs
        self._keep: list[Value] = []  # values live as long as their ids are used
        for value in (*graph.inputs, *(v for node in graph.nodes for v in node.outputs)):
            if not has_form(value.spec):
                raise Unsupported(_maker(graph, value), f"values of type {value.spec!r}")
        for node in _in_order(graph.nodes, self._stages):
            self._add(node)
        self.outputs = [self.solid(value) for value in graph.outputs]

    def finish(self) -> None:
        """Put the kernels into the order of their stages; nothing is added after it."""
        self.kernels.sort(key=lambda kernel: (kernel.stage, kernel.number))

    # What the planners of roots use --------------------------------------------------------------

    def view(self, value: Value) -> View:
        """Where the elements of `value` are."""
        if value.array is not None and id(value) not in self.views:
            self.views[id(value)] = self._constant(value)
        return self.views.get(id(value)) or View(value, None)

    def solid(self, value: Value) -> Value:
        """A value that holds the elements of `value` in their order, in panels of their own."""
        view = self.view(value)
        self._settle(view)
        if view.numbers is None and form_of(view.base.spec) == form_of(value.spec):
            return view.base
        if id(value) not in self._solid:
            stage = self.stage(view.base)
            form = form_of(value.spec)
            if form.batch:
                stage = max(0, stage + stage % 2)
            output = self.new(value.spec)
            kernel = self._kernel_for(form, stage, [view], joins=False)
            self._append(kernel, Item(None, (view,), output))
            self._solid[id(value)] = output
        return self._solid[id(value)]

    def copy(self, value: Value) -> Value:
        """The elements of `value`, solid, in memory of their own."""
        output = self.new(value.spec)
        view = View(value, None)
        form = form_of(value.spec)
        kernel = self._kernel_for(form, self.stage(value), [view], joins=False)
        self._append(kernel, Item(None, (view,), output))
        return output

    def turned(self, value: Value) -> Value:
        """`value`, solid, with rows and lanes exchanged."""
        base = self.solid(value)
        if id(base) not in self._turned:
            output = self.new(base.spec)
            form = form_of(base.spec)
            kernel = Kernel(len(self.kernels), form, self.stage(base))
            kernel.root = Root("turn", (base,), {}, output)
            self._register(kernel)
            self._turned[id(base)] = output
        return self._turned[id(base)]

    def add_root(self, node: Node, name: str, sources: Sequence[Value], **params: Any) -> None:
        """A kernel that begins with a root which gives the first result of `node`."""
        output = node.outputs[0]
        stage = self._stages[id(output)]
        kernel = Kernel(len(self.kernels), form_of(output.spec), stage)
        kernel.root = Root(name, tuple(sources), params, output)
        self._register(kernel)

    def new(self, spec: Spec) -> Value:
        """A value that the graph does not know."""
        value: Value = new_value(None, spec)
        self._keep.append(value)
        return value

    def stage(self, value: Value) -> int:
        """When a value is there."""
        if id(value) in self.maker:
            return self.maker[id(value)].stage
        return self._stages.get(id(value), -1)

    # Adding nodes --------------------------------------------------------------------------------

    def _add(self, node: Node) -> None:
        name = node.primitive.name
        output = node.outputs[0]
        if name in MOVES or name in ALIASES:
            if B in node.inputs[0].spec.shape and B not in output.spec.shape:
                raise Unsupported(node, "takes some rows of the batch")
            if name == "reshape" and not _keeps_rows(node):
                raise Unsupported(node, "moves elements between the rows of the batch")
            self.views[id(output)] = move(node, self.view(node.inputs[0]))
        elif name == "fill":
            number = np.asarray(node.params["value"], node.params["dtype"])
            self.views[id(output)] = self._repeated(number, output)
        elif name == "iota" and node.params["shape"][node.params["axis"]] is not B:
            self.views[id(output)] = self._counted(node)
        elif can_emit(node, self._divisor(node)):
            self._add_elementwise(node)
        elif name in ROOTS:
            ROOTS[name](self, node)
        else:
            raise Unsupported(node, "has no native form")

    def _divisor(self, node: Node) -> Array | None:
        """The second of two inputs, if it is known; a number that a batch repeats has one entry."""
        return self.view(node.inputs[1]).base.array if len(node.inputs) == 2 else None

    def _add_elementwise(self, node: Node) -> None:
        """Let `node` join a kernel, or wait for the one that reads what it gives."""
        output = node.outputs[0]
        counts = node.primitive.name == "dimension"  # reads the number of rows, no element
        views = () if counts else tuple([self.view(value) for value in node.inputs])
        form, stage = form_of(output.spec), self._stages[id(output)]
        item = Item(node, views, output)
        waits = not form.batch and form.size > 1 and stage > 0
        if waits and all(self._is_early(view, stage) for view in views):
            self._waiting[id(output)] = item
        else:
            self._place(item, form, stage)

    def _is_early(self, view: View, stage: int) -> bool:
        return id(view.base) in self._waiting or self.stage(view.base) < stage

    def _place(self, item: Item, form: Form, stage: int) -> None:
        """Put an operation, and what waits for it, into a kernel."""
        fits = []
        for view in item.sources:
            if view.numbers is None and form_of(view.base.spec) == form:
                if id(view.base) in self._waiting:
                    fits.append(view.base)
            else:
                self._settle(view)
        adopted = self._adopted(fits, form)
        views = [view for each in (*adopted, item) for view in each.sources]
        kernel = self._kernel_for(form, stage, views)
        for each in (*adopted, item):
            self._append(kernel, each)

    def _adopted(self, values: Sequence[Value], form: Form) -> list[Item]:
        """Waiting operations that give `values`, after those that they read themselves."""
        found: list[Item] = []
        for value in values:
            item = self._waiting.pop(id(value), None)
            if item is None:
                continue
            inner = []
            for view in item.sources:
                if view.numbers is None and form_of(view.base.spec) == form:
                    inner.append(view.base)
                else:
                    self._settle(view)
            found += [*self._adopted(inner, form), item]
        return found

    def _settle(self, view: View) -> None:
        """Give what waits, and is read in another way than place by place, a kernel."""
        item = self._waiting.pop(id(view.base), None)
        if item is not None:
            self._place(item, form_of(item.output.spec), self._stages[id(item.output)])

    def _kernel_for(
        self, form: Form, stage: int, views: Sequence[View], *, joins: bool = True
    ) -> Kernel:
        """The kernel that an operation joins: the last one that it needs, or a later one."""
        made = [self.maker[id(view.base)].number for view in views if id(view.base) in self.maker]
        needed = max(made, default=0)
        if joins:
            for kernel in (*self.kernels[needed : needed + 1], *self.kernels[:needed:-1]):
                if kernel.form == form and kernel.stage == stage and self._can_join(kernel, views):
                    return kernel
        kernel = Kernel(len(self.kernels), form, stage)
        self.kernels.append(kernel)
        return kernel

    def _can_join(self, kernel: Kernel, views: Sequence[View]) -> bool:
        """What the kernel itself makes can be read at the same place only."""
        if kernel.root is not None and kernel.root.name == "turn":
            return False
        for view in views:
            own = self.maker.get(id(view.base)) is kernel
            if own and (view.numbers is not None or form_of(view.base.spec) != kernel.form):
                return False
        return True

    def _append(self, kernel: Kernel, item: Item) -> None:
        kernel.items.append(item)
        self.maker[id(item.output)] = kernel

    def _register(self, kernel: Kernel) -> None:
        assert kernel.root is not None
        self.kernels.append(kernel)
        self.maker[id(kernel.root.output)] = kernel

    # Constants -----------------------------------------------------------------------------------

    def _constant(self, value: Value) -> View:
        array = value.array
        assert array is not None
        number = repeated_number(array)
        if number is not None:
            return self._repeated(number, value)
        self.constants[id(value)] = value
        return View(value, None)

    def _repeated(self, number: Array, value: Value) -> View:
        base: Value = new_value(np.array(number))
        self._keep.append(base)
        zero = np.zeros((), np.int64)
        return View(base, np.broadcast_to(zero, plain(value.spec.shape)))

    def _counted(self, node: Node) -> View:
        shape, axis = node.params["shape"], node.params["axis"]
        base: Value = new_value(np.arange(shape[axis], dtype=node.params["dtype"]))
        self._keep.append(base)
        self.constants[id(base)] = base
        line = np.arange(shape[axis]).reshape((-1,) + (1,) * (len(shape) - axis - 1))
        return View(base, np.broadcast_to(line, plain(shape)))


def _keeps_rows(node: Node) -> bool:
    """Whether the rows of the batch are the same after reshape `node`: as many places before it."""
    shapes = node.inputs[0].spec.shape, node.outputs[0].spec.shape
    before = {math.prod(plain(shape[: shape.index(B)])) for shape in shapes if B in shape}
    return len(before) < 2


def _in_order(nodes: Sequence[Node], found: dict[int, int]) -> list[Node]:
    """Stage by stage; within one, first what needs no batch, so that loops can join later."""
    apart = {id(value) for node in nodes for value in node.outputs}
    fixed: set[int] = set()
    for node in nodes:
        inputs = node.inputs if node.primitive.name != "dimension" else ()
        if all(id(v) not in apart or id(v) in fixed for v in inputs) and not any(
            form_of(v.spec).batch for v in (*inputs, *node.outputs)
        ):
            fixed.update(id(value) for value in node.outputs)

    def key(item: tuple[int, Node]) -> tuple[int, bool, int]:
        number, node = item
        output = id(node.outputs[0])
        return found[output], output not in fixed, number

    return [node for _, node in sorted(enumerate(nodes), key=key)]


def _maker(graph: Graph, value: Value) -> Node | None:
    for node in graph.nodes:
        if any(value is other for other in (*node.inputs, *node.outputs)):
            return node
    return None
