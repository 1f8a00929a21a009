"""Strings: calls of tf.strings and their results, as TensorFlow 2.21 gives them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

WORDS = ["a", "Bé", " cc ", ""]

CALLS: dict[str, tuple[Callable[[Any], Any], Any]] = {
    "equal": (lambda tf: tf.constant(WORDS) == "a", [True, False, False, False]),
    "not_equal": (lambda tf: tf.constant(["a", "b"]) != ["a", "c"], [False, True]),
    "add": (lambda tf: tf.constant(["a", "b"]) + "c", [b"ac", b"bc"]),
    "add[one]": (lambda tf: tf.constant("a") + "c\0", b"ac\0"),
    "add[traced]": (
        lambda tf: tf.function(lambda x: tf.strings.upper(x + "\0"))(tf.constant("a")),
        b"A\0",
    ),
    "index": (lambda tf: tf.constant(WORDS)[1], "Bé".encode()),
    "slice": (lambda tf: tf.constant(WORDS)[::-2], [b"", "Bé".encode()]),
    "reshape": (lambda tf: tf.reshape(["a", "b"], (2, 1)), [[b"a"], [b"b"]]),
    "stack": (lambda tf: tf.stack([["a"], ["b"]]), [[b"a"], [b"b"]]),
    "concat": (lambda tf: tf.concat([["a"], ["b", "c"]], 0), [b"a", b"b", b"c"]),
    "gather": (lambda tf: tf.gather(["a", "b"], [[1], [0]]), [[b"b"], [b"a"]]),
    "gather[one]": (lambda tf: tf.gather(["a", "b"], 1), b"b"),
    "transpose": (lambda tf: tf.transpose([["a", "b"]]), [[b"a"], [b"b"]]),
    "tile": (lambda tf: tf.tile(["a"], [2]), [b"a", b"a"]),
    "unique": (lambda tf: tf.unique(tf.constant(["b", "a", "b"])).y, [b"b", b"a"]),
    "unique[places]": (lambda tf: tf.unique(tf.constant(["b", "a", "b"])).idx, [0, 1, 0]),
    "where": (lambda tf: tf.where([True, False], ["a", "b"], "c"), [b"a", b"c"]),
    "fill": (lambda tf: tf.fill((2,), "q"), [b"q", b"q"]),
    "zeros": (lambda tf: tf.zeros((2,), tf.string), [b"", b""]),
    "zeros_like": (lambda tf: tf.zeros_like(tf.constant(["a"])), [b""]),
    "pad": (lambda tf: tf.pad(tf.constant(["a"]), [[1, 0]], constant_values=""), [b"", b"a"]),
    "constant[shape]": (lambda tf: tf.constant("a", shape=(2,)), [b"a", b"a"]),
    "constant[mixed]": (lambda tf: tf.constant(["é", b"\xff"]), ["é".encode(), b"\xff"]),
    "constant[bytes]": (lambda tf: tf.constant(b"a\0"), b"a\0"),
    "lower": (lambda tf: tf.strings.lower(["AÉ"]), ["aÉ".encode()]),
    "lower[utf-8]": (lambda tf: tf.strings.lower(["AÉ"], encoding="utf-8"), ["aé".encode()]),
    "upper": (lambda tf: tf.strings.upper(["aé"]), ["Aé".encode()]),
    "upper[utf-8]": (lambda tf: tf.strings.upper(["aé"], encoding="utf-8"), ["AÉ".encode()]),
    "strip": (lambda tf: tf.strings.strip(["\t a \n", ""]), [b"a", b""]),
    "length": (lambda tf: tf.strings.length(WORDS), [1, 3, 4, 0]),
    "length[chars]": (lambda tf: tf.strings.length(WORDS, unit="UTF8_CHAR"), [1, 2, 4, 0]),
    "join": (lambda tf: tf.strings.join([["a", "b"], "-", ["c", "d"]]), [b"a-c", b"b-d"]),
    "join[separator]": (lambda tf: tf.strings.join([["a"], ["b"]], separator=", "), [b"a, b"]),
    "reduce_join": (lambda tf: tf.strings.reduce_join([["a", "b"], ["c", "d"]]), b"abcd"),
    "reduce_join[axis]": (
        lambda tf: tf.strings.reduce_join([["a", "b"], ["c", "d"]], axis=0, separator=" "),
        [b"a c", b"b d"],
    ),
    "reduce_join[keepdims]": (
        lambda tf: tf.strings.reduce_join([["a", "b"]], axis=-1, keepdims=True),
        [[b"ab"]],
    ),
    "split": (lambda tf: tf.strings.split("a  b c"), [b"a", b"b", b"c"]),
    "split[sep]": (lambda tf: tf.strings.split("a,,b", sep=","), [b"a", b"", b"b"]),
    "split[maxsplit]": (lambda tf: tf.strings.split("a,b,c", ",", maxsplit=1), [b"a", b"b,c"]),
    "substr": (lambda tf: tf.strings.substr(["abc", "xyz"], 1, 1), [b"b", b"y"]),
    "substr[negative]": (lambda tf: tf.strings.substr(["abc"], -2, 9), [b"bc"]),
    "substr[each]": (lambda tf: tf.strings.substr(["abc", "xyz"], [0, 2], [2, 1]), [b"ab", b"z"]),
    "substr[chars]": (lambda tf: tf.strings.substr("éa", 1, 1, unit="UTF8_CHAR"), b"a"),
    "regex_replace": (
        lambda tf: tf.strings.regex_replace(["a1b22", "c"], r"([0-9])", r"<\1\0\\>"),
        [rb"a<11\>b<22\><22\>", b"c"],
    ),
    "regex_replace[first]": (
        lambda tf: tf.strings.regex_replace("aaa", "a", "b", replace_global=False),
        b"baa",
    ),
    "regex_full_match": (
        lambda tf: tf.strings.regex_full_match(["ab", "abc"], "a."),
        [True, False],
    ),
    "to_number": (lambda tf: tf.strings.to_number(["1.5", " -2e3 "]), [1.5, -2000.0]),
    "to_number[int]": (lambda tf: tf.strings.to_number(["7", "-2"], tf.int64), [7, -2]),
    "as_string": (lambda tf: tf.strings.as_string([1.5, -2.0]), [b"1.500000", b"-2.000000"]),
    "as_string[int]": (
        lambda tf: tf.strings.as_string([1, 22], width=4, fill="0"),
        [b"0001", b"0022"],
    ),
    "as_string[precision]": (lambda tf: tf.strings.as_string(3.14159, precision=2), b"3.14"),
    "as_string[shortest]": (lambda tf: tf.strings.as_string([0.1], shortest=True), [b"0.1"]),
    "as_string[scientific]": (
        lambda tf: tf.strings.as_string([12.5], scientific=True, precision=1),
        [b"1.2e+01"],
    ),
    "as_string[bool]": (lambda tf: tf.strings.as_string([True, False]), [b"true", b"false"]),
    "format": (
        lambda tf: tf.strings.format("x: {}, {}", (tf.range(9), 2)),
        b"x: [0 1 2 ... 6 7 8], 2",
    ),
    "format[matrix]": (
        lambda tf: tf.strings.format("{}", tf.constant([[1.5, 2.0], [3.0, 4.0]])),
        b"[[1.5 2]\n [3 4]]",
    ),
    "format[text]": (lambda tf: tf.strings.format("{}", tf.constant(["a", "b"])), b'["a" "b"]'),
    "to_hash_bucket": (lambda tf: tf.strings.to_hash_bucket(["a", "Bé"], 1000), [868, 756]),
}

# Of bytes (37 i + 11 n + 1) mod 251, i < n, by n: to_hash_bucket_fast, to_hash_bucket_strong with
# the key (1, 2), to_hash_bucket, in 2⁶² buckets.
HASHES: dict[int, tuple[int, int, int]] = {
    0: (1936946117179621455, 443797209252341627, 105434511174508091),
    1: (484035501733848318, 3276384974023189541, 4431120533409287070),
    2: (3179597966660911275, 763311238181604087, 3630652789390588804),
    3: (2466539038767422832, 274030917011618523, 4381569878821330866),
    4: (2462469476567701602, 3055482101114510905, 1808676031492838915),
    7: (1742878910038730450, 751775725943931730, 1666632566876425165),
    8: (766236506321804649, 3649985736874501846, 4192014106215931248),
    9: (1190554441668420912, 2250579537407155300, 2206251035984585982),
    15: (483054865968751389, 3709578272900898918, 2783095629395239989),
    16: (2382961381705765673, 3280270049313263196, 2188961360204232963),
    17: (1589279054809503762, 806331813707546906, 3703505486742716837),
    31: (437417979586873726, 2597753521266756269, 4327267275906958969),
    32: (3567518766203824202, 2004075561008409746, 4240697074892636302),
    33: (2087245729466754070, 2296317429152145544, 2819477878743343666),
    63: (3683216329168861231, 2473817596402773397, 1361210799202346258),
    64: (2153961146676665482, 2556160785208553367, 1325579198801073762),
    65: (1342008964453092630, 2506267026375670270, 1505954588437867335),
    100: (3867142983998105209, 3253932397600374086, 887873321279369338),
    128: (979917198397086541, 2556775324221440553, 2857823347923152509),
    129: (1652979372816533476, 3709306136855736902, 3728808430773709613),
    192: (3406557002363635492, 25664225178130090, 1995244597516406637),
    200: (1040835142860166484, 3646823411604464156, 2011986110490460012),
    255: (3060490625540933075, 1507171214463242818, 1703022396153434281),
    300: (4600745156635200784, 2511619942599197296, 4596079214354467700),
}
