"""Cycles of objects are looked for again when the last who asked to wait is done."""

import gc

import pytest

from selfinstruct_core.collecting import collected_later


def test_until_the_last_one_is_done() -> None:
    assert gc.isenabled()
    first, second = collected_later(), collected_later()
    first.__enter__()
    second.__enter__()
    assert not gc.isenabled()
    first.__exit__(None, None, None)
    assert not gc.isenabled()
    second.__exit__(None, None, None)
    assert gc.isenabled()


def test_after_an_error() -> None:
    with pytest.raises(ZeroDivisionError), collected_later():
        raise ZeroDivisionError
    assert gc.isenabled()


def test_whoever_has_switched_it_off_finds_it_so() -> None:
    gc.disable()
    try:
        with collected_later():
            assert not gc.isenabled()
        assert not gc.isenabled()
    finally:
        gc.enable()
