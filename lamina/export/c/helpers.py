"""Functions in C for what C99's library lacks; a file gets those that it calls.

In their text, `@` is the prefix of the file's names, `T` the type, `F` the suffix of the library's
functions for it, `U` the unsigned type in which integers wrap around.
"""

from __future__ import annotations

from ...prims.special import GILES_CENTRE, GILES_TAIL

_FLOOR_DIVIDE = """
{
    const T rest = fmodF(a, b);
    T quotient, whole;
    if (b == 0) {
        return a / b;
    }
    quotient = (a - rest) / b;
    if (rest != 0 && (b < 0) != (rest < 0)) {
        quotient -= 1;
    }
    if (quotient == 0) {
        return copysignF(0, a / b);
    }
    whole = floorF(quotient);
    return quotient - whole > (T)0.5 ? whole + 1 : whole;
}
"""
_REMAINDER = """
{
    const T rest = fmodF(a, b);
    if (b == 0 || rest != rest) {
        return rest;
    }
    if (rest == 0) {
        return copysignF(0, b);
    }
    return (b < 0) != (rest < 0) ? rest + b : rest;
}
"""
_NO_ZERO = """    if (b == 0) {
        *status = @BAD_VALUE;
        return 0;
    }
"""
_SIGNED_FLOOR_DIVIDE = f"""
{{
{_NO_ZERO}    if (b == -1) {{
        return (T)(0 - (U)a);
    }}
    return (T)(a / b - (a % b != 0 && (a % b < 0) != (b < 0)));
}}
"""
_SIGNED_REMAINDER = f"""
{{
{_NO_ZERO}    if (b == -1) {{
        return 0;
    }}
    return (T)(a % b != 0 && (a % b < 0) != (b < 0) ? a % b + b : a % b);
}}
"""
_POWER = """
{
    U result = 1, square = (U)a;
    NEGATIVEfor (; b != 0; b = (T)(b / 2)) {
        if (b % 2 != 0) {
            result *= square;
        }
        square *= square;
    }
    return (T)result;
}
"""
_NOT_NEGATIVE = """if (b < 0) {
        *status = @BAD_VALUE;
        return 0;
    }
    """
_PLACE = """static int @place(int64_t place, int size, int *status)
{
    if (place < 0 || place >= size) {
        *status = @BAD_INDEX;
        return 0;
    }
    return (int)place;
}
"""
_BEFORE = """static int @before_T(T a, T b)
{
    return a < bNAN;
}
"""
_SEARCH = """static int64_t @search_T(const T *edges, int count, T x, int right)
{
    int low = 0, high = count;
    while (low < high) {
        const int middle = low + (high - low) / 2;
        if (right ? !@before_T(x, edges[middle]) : @before_T(edges[middle], x)) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}
"""
_ARGSORT = """static void @argsort_T(
    const T *x, int count, int descending, int32_t *order, int32_t *spare)
{
    int width, i;
    for (i = 0; i < count; i++) {
        order[i] = i;
    }
    for (width = 1; width < count; width *= 2) {
        int start;
        for (start = 0; start < count; start += 2 * width) {
            const int middle = start + width < count ? start + width : count;
            const int end = middle + width < count ? middle + width : count;
            int left = start, right = middle;
            for (i = start; i < end; i++) {
                int second = left == middle;
                if (left < middle && right < end) {
                    const T a = x[order[left]], b = x[order[right]];
                    second = descending ? @before_T(a, b) : @before_T(b, a);
                }
                spare[i] = second ? order[right++] : order[left++];
            }
        }
        memcpy(order, spare, (size_t)count * sizeof(int32_t));
    }
}
"""
_INVERSE_ERF = """static double @horner(const double *terms, double x)
{
    double total = terms[0];
    int i;
    for (i = 1; i < 9; i++) {
        total = total * x + terms[i];
    }
    return total;
}

static double @erf_inverse(double x)
{
    static const double centre[9] = {CENTRE};
    static const double tail[9] = {TAIL};
    const double w = -log1p(-x * x), goal = 1 - fabs(x);
    double y;
    int i;
    if (!(fabs(x) < 1)) {
        return fabs(x) == 1 ? copysign(HUGE_VAL, x) : NAN;
    }
    y = fabs(x * (w < 5 ? @horner(centre, w - 2.5) : @horner(tail, sqrt(w) - 3)));
    for (i = 0; i < 2; i++) {
        const double error = y < 0.5 ? fabs(x) - erf(y) : erfc(y) - goal;
        const double step = error / (1.1283791670955126 * exp(-y * y));
        y += step / (1 + y * step);
    }
    return copysign(y, x);
}
"""
_PRODUCT = """static void @product_WIDTH_T(
    const T *x, int vectors, int inner, const T *weights, int outputs, int stride, T *out)
{
    int first, v, k, i, j;
    for (first = 0; first < outputs; first += WIDTH, weights += inner * WIDTH) {
        for (v = 0; v + 8 <= vectors; v += 8) {
            const T *line = x + v * inner;
            T sums[8][WIDTH] = {{0}};
            for (k = 0; k < inner; k++) {
                for (j = 0; j < WIDTH; j++) {
                    const T weight = weights[k * WIDTH + j];
EIGHT
                }
            }
            for (i = 0; i < 8; i++) {
                for (j = 0; j < WIDTH; j++) {
                    out[(v + i) * stride + first + j] = sums[i][j];
                }
            }
        }
        for (; v < vectors; v++) {
            const T *line = x + v * inner;
            T sums[WIDTH] = {0};
            for (k = 0; k < inner; k++) {
                for (j = 0; j < WIDTH; j++) {
                    sums[j] += line[k] * weights[k * WIDTH + j];
                }
            }
            for (j = 0; j < WIDTH; j++) {
                out[v * stride + first + j] = sums[j];
            }
        }
    }
}
"""


def product(width: int) -> str:
    """Rows times a matrix whose columns lie `width` side by side, eight rows at a time."""
    margin = " " * 20
    eight = "\n".join(f"{margin}sums[{i}][j] += line[{i} * inner + k] * weight;" for i in range(8))
    return _PRODUCT.replace("EIGHT", eight).replace("WIDTH", str(width))


def cast(source: str, target: str, low: str, above: str, least: str, most: str) -> str:
    """A float as an integer: cut toward zero, and at the limits; 0 for NaN."""
    return f"""static {target} @cast_{source}_{target}({source} x)
{{
    if (x >= {above}) {{
        return {most};
    }}
    if (x > {low}) {{
        return ({target})x;
    }}
    return x <= {low} ? {least} : 0;
}}
"""


def _binary(name: str, body: str, *, fails: bool = False) -> str:
    status = ", int *status" if fails else ""
    return f"static T @{name}_T(T a, T b{status}){body}"


def shift(name: str, is_signed: bool) -> str:
    """Bits shifted; by more than there are, all of them."""
    beyond = "(a < 0 ? -1 : 0)" if is_signed and name == "shift_right" else "0"
    found = "(T)((U)a << b)" if name == "shift_left" else "(T)(a >> b)"
    inside = "b >= 0 && b < BITS" if is_signed else "b < BITS"
    return _binary(name, f"\n{{\n    return (T)({inside} ? {found} : {beyond});\n}}\n")


def division(name: str, kind: str) -> str:
    """`floor_divide` or `remainder` of numbers of a kind of dtype."""
    if kind == "f":
        return _binary(name, {"floor_divide": _FLOOR_DIVIDE, "remainder": _REMAINDER}[name])
    if kind == "i":
        bodies = {"floor_divide": _SIGNED_FLOOR_DIVIDE, "remainder": _SIGNED_REMAINDER}
        return _binary(name, bodies[name], fails=True)
    operator = {"floor_divide": "/", "remainder": "%"}[name]
    return _binary(name, f"\n{{\n{_NO_ZERO}    return (T)(a {operator} b);\n}}\n", fails=True)


def power(is_signed: bool) -> str:
    """Integers to the power of integers."""
    check = _NOT_NEGATIVE if is_signed else ""
    unused = "" if is_signed else "(void)status;\n    "
    return _binary("power", _POWER.replace("NEGATIVE", check + unused), fails=True)


def before(is_float: bool) -> str:
    """Whether a stands before b in order; NaN stands last."""
    return _BEFORE.replace("NAN", " || (b != b && a == a)" if is_float else "")


def inverse_error() -> str:
    """The inverse of the error function, by Giles' polynomials and two of Halley's steps."""
    centre, tail = (", ".join(map(repr, terms)) for terms in (GILES_CENTRE, GILES_TAIL))
    return _INVERSE_ERF.replace("CENTRE", centre).replace("TAIL", tail)


PLACE, SEARCH, ARGSORT = _PLACE, _SEARCH, _ARGSORT
