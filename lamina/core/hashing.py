"""Hashes of bytes with fixed bits: what TensorFlow and Keras put things into buckets by."""

from __future__ import annotations

from collections.abc import Iterable

_MASK = (1 << 64) - 1
_K0, _K1, _K2 = 0xC3A5C85C97CB3127, 0xB492B66FBE98F273, 0x9AE16A3B2F90404F


def _word(data: bytes, start: int, size: int = 8) -> int:
    return int.from_bytes(data[start : start + size], "little")


def _rotate(value: int, bits: int) -> int:
    """`value` rotated right."""
    return ((value >> bits) | (value << (64 - bits))) & _MASK if bits else value


def _shift_mix(value: int) -> int:
    return value ^ (value >> 47)


def _mix(u: int, v: int, factor: int) -> int:
    a = _shift_mix(((u ^ v) * factor) & _MASK)
    b = _shift_mix(((v ^ a) * factor) & _MASK)
    return (b * factor) & _MASK


def farmhash64(data: bytes) -> int:
    """The 64-bit FarmHash fingerprint (`Fingerprint64`), the same on every machine.

    Source: G. Pike, FarmHash, the function `farmhashna::Hash64`.
    """
    size = len(data)
    if size <= 16:
        return _up_to_16(data, size)
    if size <= 32:
        return _up_to_32(data, size)
    if size <= 64:
        return _up_to_64(data, size)
    return _longer(data, size)


def _up_to_16(data: bytes, size: int) -> int:
    factor = _K2 + 2 * size
    if size >= 8:
        a, b = (_word(data, 0) + _K2) & _MASK, _word(data, size - 8)
        c = (_rotate(b, 37) * factor + a) & _MASK
        d = ((_rotate(a, 25) + b) * factor) & _MASK
        return _mix(c, d, factor)
    if size >= 4:
        return _mix(size + (_word(data, 0, 4) << 3), _word(data, size - 4, 4), factor)
    if size:
        y = data[0] + (data[size >> 1] << 8)
        z = size + (data[-1] << 2)
        return (_shift_mix((y * _K2) & _MASK ^ (z * _K0) & _MASK) * _K2) & _MASK
    return _K2


def _up_to_32(data: bytes, size: int) -> int:
    factor = _K2 + 2 * size
    a, b = (_word(data, 0) * _K1) & _MASK, _word(data, 8)
    c, d = (_word(data, size - 8) * factor) & _MASK, (_word(data, size - 16) * _K2) & _MASK
    first = _rotate((a + b) & _MASK, 43) + _rotate(c, 30) + d
    second = a + _rotate((b + _K2) & _MASK, 18) + c
    return _mix(first & _MASK, second & _MASK, factor)


def _up_to_64(data: bytes, size: int) -> int:
    factor = _K2 + 2 * size
    a, b = (_word(data, 0) * _K2) & _MASK, _word(data, 8)
    c, d = (_word(data, size - 8) * factor) & _MASK, (_word(data, size - 16) * _K2) & _MASK
    y = (_rotate((a + b) & _MASK, 43) + _rotate(c, 30) + d) & _MASK
    z = _mix(y, (a + _rotate((b + _K2) & _MASK, 18) + c) & _MASK, factor)
    e, f = (_word(data, 16) * factor) & _MASK, _word(data, 24)
    g, h = ((y + _word(data, size - 32)) * factor) & _MASK, (z + _word(data, size - 24)) * factor
    first = _rotate((e + f) & _MASK, 43) + _rotate(g, 30) + h
    second = e + _rotate((f + a) & _MASK, 18) + g
    return _mix(first & _MASK, second & _MASK, factor)


def _weak(data: bytes, start: int, a: int, b: int) -> tuple[int, int]:
    """32 bytes hashed with two seeds."""
    w, x, y, z = (_word(data, start + 8 * place) for place in range(4))
    a = (a + w) & _MASK
    b = _rotate((b + a + z) & _MASK, 21)
    c = a
    a = (a + x + y) & _MASK
    b = (b + _rotate(a, 44)) & _MASK
    return (a + z) & _MASK, (b + c) & _MASK


def _longer(data: bytes, size: int) -> int:
    seed = 81
    x = (seed * _K2 + _word(data, 0)) & _MASK
    y = (seed * _K1 + 113) & _MASK
    z = (_shift_mix((y * _K2 + 113) & _MASK) * _K2) & _MASK
    v, w = (0, 0), (0, 0)
    end = (size - 1) // 64 * 64
    last = end + ((size - 1) & 63) - 63
    for start in range(0, end, 64):
        x, y, z, v, w = _block(data, start, (x, y, z, v, w), _K1)
    factor = (_K1 + ((z & 0xFF) << 1)) & _MASK
    w = ((w[0] + ((size - 1) & 63)) & _MASK, w[1])
    v = ((v[0] + w[0]) & _MASK, v[1])
    w = ((w[0] + v[0]) & _MASK, w[1])
    x, y, z, v, w = _block(data, last, (x, y, z, v, w), factor, 9)
    first = _mix(v[0], w[0], factor) + _shift_mix(y) * _K0 + z
    second = _mix(v[1], w[1], factor) + x
    return _mix(first & _MASK, second & _MASK, factor)


_State = tuple[int, int, int, tuple[int, int], tuple[int, int]]


def _block(data: bytes, start: int, state: _State, factor: int, weight: int = 1) -> _State:
    x, y, z, v, w = state
    x = (_rotate((x + y + v[0] + _word(data, start + 8)) & _MASK, 37) * factor) & _MASK
    y = (_rotate((y + v[1] + _word(data, start + 48)) & _MASK, 42) * factor) & _MASK
    x ^= (w[1] * weight) & _MASK
    y = (y + v[0] * weight + _word(data, start + 40)) & _MASK
    z = (_rotate((z + w[0]) & _MASK, 33) * factor) & _MASK
    v = _weak(data, start, (v[1] * factor) & _MASK, (x + w[0]) & _MASK)
    w = _weak(data, start + 32, (z + w[1]) & _MASK, (y + _word(data, start + 16)) & _MASK)
    return z, y, x, v, w


def siphash64(data: bytes, key: tuple[int, int]) -> int:
    """SipHash-2-4 with a key of two 64-bit words.

    Source: J.-P. Aumasson and D. J. Bernstein, "SipHash: a fast short-input PRF" (2012).
    """
    k0, k1 = key[0] & _MASK, key[1] & _MASK
    v = [
        k0 ^ 0x736F6D6570736575,
        k1 ^ 0x646F72616E646F6D,
        k0 ^ 0x6C7967656E657261,
        k1 ^ 0x7465646279746573,
    ]
    whole = len(data) // 8 * 8
    words = [_word(data, start) for start in range(0, whole, 8)]
    words.append(_word(data, whole) | (len(data) & 0xFF) << 56)
    for word in words:
        v[3] ^= word
        _sip_round(v)
        _sip_round(v)
        v[0] ^= word
    v[2] ^= 0xFF
    for _ in range(4):
        _sip_round(v)
    return v[0] ^ v[1] ^ v[2] ^ v[3]


def _sip_round(v: list[int]) -> None:
    v[0] = (v[0] + v[1]) & _MASK
    v[2] = (v[2] + v[3]) & _MASK
    v[1] = _rotate(v[1], 51) ^ v[0]
    v[3] = _rotate(v[3], 48) ^ v[2]
    v[0] = _rotate(v[0], 32)
    v[2] = (v[2] + v[1]) & _MASK
    v[0] = (v[0] + v[3]) & _MASK
    v[1] = _rotate(v[1], 47) ^ v[2]
    v[3] = _rotate(v[3], 43) ^ v[0]
    v[2] = _rotate(v[2], 32)


def murmurhash64(data: bytes, seed: int = 0xDECAFCAFFE) -> int:
    """MurmurHash64A, with the seed that TensorFlow gives it.

    Source: A. Appleby, MurmurHash2 (public domain).
    """
    factor = 0xC6A4A7935BD1E995
    state = (seed ^ (len(data) * factor)) & _MASK
    whole = len(data) // 8 * 8
    for start in range(0, whole, 8):
        word = (_word(data, start) * factor) & _MASK
        word = ((word ^ (word >> 47)) * factor) & _MASK
        state = ((state ^ word) * factor) & _MASK
    if whole < len(data):
        state = ((state ^ _word(data, whole)) * factor) & _MASK
    state = ((state ^ (state >> 47)) * factor) & _MASK
    return state ^ (state >> 47)


def join64(first: int, second: int) -> int:
    """Two fingerprints as one; the order counts (TensorFlow's `FingerprintCat64`)."""
    factor = 0xC6A4A7935BD1E995
    joined = first ^ factor
    joined ^= (_shift_mix((second * factor) & _MASK) * factor) & _MASK
    joined = (joined * factor) & _MASK
    return _shift_mix((_shift_mix(joined) * factor) & _MASK)


def cross64(items: Iterable[bytes | int]) -> int:
    """The hash of several strings and integers together, as crossed columns have in TensorFlow."""
    joined = 0xDECAFCAFFE
    for item in items:
        joined = join64(joined, farmhash64(item) if isinstance(item, bytes) else item & _MASK)
    return joined
