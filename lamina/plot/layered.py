"""Where boxes stand: in layers, each below those that it needs, with few crossings.

Source: K. Sugiyama, S. Tagawa, M. Toda, "Methods for visual understanding of hierarchical system
structures", IEEE Transactions on Systems, Man, and Cybernetics 11 (1981).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

Key = Any  # of a box: whatever can be in a dict
Point = tuple[float, float]

_GAP_ACROSS, _GAP_ALONG, _SWEEPS = 26.0, 34.0, 8


class Places(NamedTuple):
    """Centres of boxes, the way of each arrow from box to box, and the size of it all."""

    centres: dict[Key, Point]
    ways: dict[tuple[Key, Key], list[Point]]
    across: float
    along: float


def place(sizes: Mapping[Key, Point], arrows: Sequence[tuple[Key, Key]]) -> Places:
    """Places for boxes of `sizes` (across, along); arrows lead along.

    An arrow runs straight along within layers, past their boxes, and turns between them.
    """
    ranks = _ranks(list(sizes), arrows)
    rows: list[list[Key]] = [[] for _ in range(max(ranks.values(), default=0) + 1)]
    for key, rank in ranks.items():
        rows[rank].append(key)
    links: list[tuple[Key, Key]] = []
    chains: dict[tuple[Key, Key], list[Key]] = {}
    for start, end in arrows:
        chain: list[Key] = [
            ("bend", start, end, rank) for rank in range(ranks[start] + 1, ranks[end])
        ]
        for step, bend in enumerate(chain):
            rows[ranks[start] + 1 + step].append(bend)
        chains[start, end] = chain
        links += zip([start, *chain], [*chain, end], strict=True)
    wide = {key: sizes[key][0] if key in sizes else 4.0 for row in rows for key in row}
    before: dict[Key, list[Key]] = {key: [] for key in wide}
    after: dict[Key, list[Key]] = {key: [] for key in wide}
    for a, b in links:
        after[a].append(b)
        before[b].append(a)
    _order(rows, before, after)
    x = _across(rows, wide, before, after)
    spans = _spans(rows, sizes)
    left = min((x[key] - wide[key] / 2 for key in x), default=0.0)
    x = {key: at - left for key, at in x.items()}
    middles = [(begin + end) / 2 for begin, end in spans]
    centres = {key: (x[key], middles[rank]) for key, rank in ranks.items()}
    ways = {
        (start, end): _way(
            [(x[key], *spans[ranks[start] + n]) for n, key in enumerate([start, *chain, end])],
            middles[ranks[start]] + sizes[start][1] / 2,
            middles[ranks[end]] - sizes[end][1] / 2,
        )
        for (start, end), chain in chains.items()
    }
    width = max((x[key] + wide[key] / 2 for key in x), default=0.0)
    return Places(centres, ways, width, spans[-1][1] if spans else 0.0)


def _way(stations: list[tuple[float, float, float]], begin: float, end: float) -> list[Point]:
    """From `begin` to `end` along, past stations (place across, where their layer begins, ends)."""
    points = []
    for number, (across, first, last) in enumerate(stations):
        points.append((across, begin if number == 0 else first))
        points.append((across, end if number == len(stations) - 1 else last))
    return [p for n, p in enumerate(points) if n == 0 or math.dist(p, points[n - 1]) > 0.5]


def _ranks(keys: list[Key], arrows: Sequence[tuple[Key, Key]]) -> dict[Key, int]:
    """The longest way to each box; boxes come after those that they need.

    What nothing leads to stands just before what it leads to.
    """
    ranks = dict.fromkeys(keys, 0)
    for _ in keys:
        changed = False
        for start, end in arrows:
            if ranks[end] < ranks[start] + 1:
                ranks[end] = ranks[start] + 1
                changed = True
        if not changed:
            break
    targets = {end for _, end in arrows}
    for key in keys:
        following = [ranks[end] for start, end in arrows if start == key]
        if key not in targets and following:
            ranks[key] = min(following) - 1
    return ranks


def _order(
    rows: list[list[Key]], before: dict[Key, list[Key]], after: dict[Key, list[Key]]
) -> None:
    """Sort each layer by the mean place of what it is linked with, down and up by turns."""
    for sweep in range(_SWEEPS):
        links = before if sweep % 2 == 0 else after
        for row in rows if sweep % 2 == 0 else reversed(rows):
            places = {key: n for other in rows for n, key in enumerate(other)}
            means = {
                key: sum(places[k] for k in links[key]) / len(links[key])
                if links[key]
                else float(places[key])
                for key in row
            }
            row.sort(key=means.__getitem__)


def _across(
    rows: list[list[Key]],
    wide: dict[Key, float],
    before: dict[Key, list[Key]],
    after: dict[Key, list[Key]],
) -> dict[Key, float]:
    """Centres across: near the middle of what each is linked with, in order, without overlap."""
    x: dict[Key, float] = {}
    for row in rows:
        total = sum(wide[key] for key in row) + _GAP_ACROSS * (len(row) - 1)
        edge = -total / 2
        for key in row:
            x[key] = edge + wide[key] / 2
            edge += wide[key] + _GAP_ACROSS
    for sweep in range(2 * _SWEEPS):
        links = before if sweep % 2 == 0 else after
        for row in rows if sweep % 2 == 0 else reversed(rows):
            wanted = {
                key: sum(x[k] for k in links[key]) / len(links[key]) if links[key] else x[key]
                for key in row
            }
            _settle(row, wanted, wide, x)
    return x


def _settle(
    row: list[Key], wanted: dict[Key, float], wide: dict[Key, float], x: dict[Key, float]
) -> None:
    """The nearest places to those wanted (least squares) that keep order and gaps.

    Boxes that would overlap form a block, which stands where its members want it on average.
    """
    blocks: list[tuple[list[Key], float, float]] = []  # keys, sum of wishes, offset of the last
    for key in row:
        keys, wish, last = [key], wanted[key], 0.0
        while blocks:
            other, other_wish, other_last = blocks[-1]
            gap = (wide[other[-1]] + wide[keys[0]]) / 2 + _GAP_ACROSS
            if other_wish / len(other) + other_last + gap <= wish / len(keys):
                break
            blocks.pop()
            shift = other_last + gap
            wish = other_wish + wish - shift * len(keys)
            last += shift
            keys = other + keys
        blocks.append((keys, wish, last))
    for keys, wish, _ in blocks:
        place = wish / len(keys)
        for number, key in enumerate(keys):
            if number:
                place += (wide[keys[number - 1]] + wide[key]) / 2 + _GAP_ACROSS
            x[key] = place


def _spans(rows: list[list[Key]], sizes: Mapping[Key, Point]) -> list[tuple[float, float]]:
    """Where each layer begins and ends."""
    spans, edge = [], 0.0
    for row in rows:
        deep = max((sizes[key][1] for key in row if key in sizes), default=0.0)
        spans.append((edge, edge + deep))
        edge += deep + _GAP_ALONG
    return spans
