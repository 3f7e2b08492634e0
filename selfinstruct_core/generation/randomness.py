"""Random numbers that depend on nothing but a written key, so that any step can be repeated."""

import hashlib
import random


def generator(key: str) -> random.Random:
    """A generator seeded by the key alone: the same in every process, on every machine."""
    return random.Random(number(key))


def number(key: str, bits: int = 64) -> int:
    """An integer in [0, 2**bits) decided by the key alone; at most 256 bits."""
    digest = hashlib.sha256(key.encode("utf-8", "surrogatepass")).digest()
    return int.from_bytes(digest, "big") >> (256 - bits)
