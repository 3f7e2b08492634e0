"""Argument types that say what is wrong with a value."""

import argparse


def positive(text: str) -> int:
    """A whole number from 1."""
    try:
        value = int(text)
    except ValueError:
        value = 0
    # Databases count to 2**63; Python would go on.
    if not 1 <= value < 2**63:
        raise argparse.ArgumentTypeError(f"{text} is not a whole number from 1")
    return value


def price(text: str) -> float:
    """An amount from 0."""
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 <= value < float("inf"):
        raise argparse.ArgumentTypeError(f"{text} is not an amount from 0")
    return value


def share(text: str) -> float:
    """A number from 0 to 1."""
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 <= value <= 1:
        raise argparse.ArgumentTypeError(f"{text} is not a number from 0 to 1")
    return value
