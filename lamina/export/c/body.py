"""The body of the function that works on a block of rows: loops, and elements read in them."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from ...core.shapes import B, Shape
from ...ir.value import Node, Value
from ...passes.rewriter import repeated_number
from . import helpers
from .elementwise import ELEMENTWISE
from .functions import Functions
from .places import ROW, VIEWS, Index, added, flat, product, times
from .plan import Plan
from .types import c_type, literal


class Body:
    """Lines of C. `names` tells where stored values lie; the first index of all is the row."""

    def __init__(self, plan: Plan, functions: Functions, names: dict[int, str]) -> None:
        self.plan = plan
        self.functions = functions
        self.names = names
        self.lines: list[str] = []
        self._depth = 1
        self._count = 0
        self._known: list[dict[tuple[int, Index], str]] = [{}]

    def emit(self, line: str) -> None:
        """A line at the present depth."""
        self.lines.append("    " * self._depth + line)

    @contextmanager
    def block(self, head: str) -> Iterator[None]:
        """A block in braces; what is computed in it is known in it."""
        self.emit(f"{head} {{")
        self._depth += 1
        self._known.append({})
        yield
        self._known.pop()
        self._depth -= 1
        self.emit("}")

    @contextmanager
    def rows(self) -> Iterator[None]:
        """A loop over the rows."""
        with self.block(f"for (int {ROW} = 0; {ROW} < rows; {ROW}++)"):
            yield

    @contextmanager
    def loops(self, shape: Shape) -> Iterator[Index]:
        """Loops over all axes but that of the batch; the index within."""
        index, depth = [], self._depth
        for size in shape:
            if size is B or size == 1:
                index.append(ROW if size is B else "0")
                continue
            place = self.fresh("i")
            self.emit(f"for (int {place} = 0; {place} < {size}; {place}++) {{")
            self._depth += 1
            index.append(place)
        self._known.append({})
        yield tuple(index)
        self._known.pop()
        while self._depth > depth:
            self._depth -= 1
            self.emit("}")

    def fresh(self, stem: str) -> str:
        """A name that no other variable has."""
        self._count += 1
        return f"{stem}{self._count}"

    def temporary(self, kind: str, expression: str) -> str:
        """A constant variable."""
        name = self.fresh("t")
        self.emit(f"const {kind} {name} = {expression};")
        return name

    def text(self) -> str:
        """All lines; what a variable that nobody reads would hold is only computed."""
        found = "\n".join(self.lines)
        counts = Counter(re.findall(r"\bt\d+\b", found))
        return re.sub(
            r"const \w+ (t\d+) = (.*);",
            lambda match: match[0] if counts[match[1]] > 1 else f"(void)({match[2]});",
            found,
        )

    # Elements -------------------------------------------------------------------------------------

    def address(self, value: Value, number: str) -> str:
        """The element of this number, of this row, of a stored value."""
        place = added(times(ROW, product(value.spec.shape)), number)
        return f"{self.names[id(value)]}[{_bare(place)}]"

    def place(self, value: Value, index: Index) -> str:
        """An element of a stored value."""
        return self.address(value, flat(index, value.spec.shape))

    def element(self, value: Value, index: Index) -> str:
        """An element of any value: where it lies, or a variable that holds it."""
        if value.array is not None:
            return self._constant(value, flat(index, value.spec.shape))
        if id(value) in self.names:
            return self.place(value, index)
        key = id(value), index
        for known in self._known:
            if key in known:
                return known[key]
        found = self._known[-1][key] = self._compute(self.plan.makers[id(value)], value, index)
        return found

    def _constant(self, value: Value, number: str) -> str:
        array = value.array
        assert array is not None
        alone = repeated_number(array)
        if alone is not None:
            text = literal(alone.item(), array.dtype)
            return f"({text})" if text.startswith("-") else text
        return f"{self.functions.table(array)}[{_bare(number)}]"

    def _compute(self, node: Node, value: Value, index: Index) -> str:
        name, kind = node.primitive.name, c_type(value.spec.dtype)
        if name in ELEMENTWISE:
            operands = [self._operand(node, x, index) for x in node.inputs]
            return self.temporary(kind, ELEMENTWISE[name](self.functions, node, operands))
        if name == "reshape":
            found = self._by_number(node, index)
            if found is not None:
                return found
        if name in VIEWS:
            return self.element(node.inputs[0], VIEWS[name](node, index))
        if name == "fill":
            text = literal(node.params["value"], node.params["dtype"])
            return f"({text})" if text.startswith("-") else text
        if name == "iota":
            return self.temporary(kind, f"({kind}){index[node.params['axis']]}")
        return self._look_up(node, kind, index)

    def _operand(self, node: Node, value: Value, index: Index) -> str:
        found = self.element(value, index)
        if node.primitive.name != "select" or "[" not in found:
            return found
        # Read before it is chosen: with AVX-512, gcc 12 reads wrongly what only one branch reads.
        return self.temporary(c_type(value.spec.dtype), found)

    def _by_number(self, node: Node, index: Index) -> str | None:
        """An element of a reshape of what lies in row-major order, without any division."""
        source = node.inputs[0]
        while id(source) not in self.names and source.array is None:
            maker = self.plan.makers[id(source)]
            if maker.primitive.name != "reshape":
                return None
            source = maker.inputs[0]
        number = flat(index, node.outputs[0].spec.shape)
        if source.array is not None:
            return self._constant(source, number)
        return self.address(source, number)

    def _look_up(self, node: Node, kind: str, index: Index) -> str:
        name, (x, places) = node.primitive.name, node.inputs
        if name == "gather":
            axis, rank = node.params["axis"], len(places.spec.shape)
            wanted = self.element(places, index[axis : axis + rank])
            size = x.spec.shape[axis]
            found = (*index[:axis], self.checked(wanted, size), *index[axis + rank :])
            return self.temporary(kind, self.element(x, found))
        if name == "take_along":
            wanted = self.checked(self.element(places, index), x.spec.shape[-1])
            return self.temporary(kind, self.element(x, (*index[:-1], wanted)))
        dtype = x.spec.dtype
        self.functions.of_type("before", dtype, helpers.before(dtype.kind == "f"))
        search = self.functions.of_type("search", dtype, helpers.SEARCH)
        edges, size = self.functions.table(x.array), x.spec.shape[0]  # type: ignore[arg-type]
        right = int(node.params["right"])
        wanted = self.element(places, index)
        return self.temporary(kind, f"{search}({edges}, {size}, {wanted}, {right})")

    def checked(self, place: str, size: object) -> str:
        """A computed place in an axis, 0 and a status where it is outside."""
        function = self.functions.plain("place", helpers.PLACE)
        status = self.functions.status()
        return self.temporary("int", f"{function}((int64_t){place}, {size}, {status})")


def _bare(expression: str) -> str:
    """An expression without the parentheses around it."""
    return expression[1:-1] if _is_in_parentheses(expression) else expression


def _is_in_parentheses(expression: str) -> bool:
    depth = 0
    for number, letter in enumerate(expression):
        depth += (letter == "(") - (letter == ")")
        if depth == 0:
            return 0 < number == len(expression) - 1
    return False
