"""The hash inside a file: where it stands, what it is of, and what it notices."""

from __future__ import annotations

import hashlib
import io

import pytest

from sdd_bench import files
from sdd_bench.files import seals


def test_the_hash_is_that_of_the_file_with_zeros_in_its_place() -> None:
    data = b"before " + files.BLANK.encode() + b" after"
    written = b"".join(seals.sealed(data))
    expected = hashlib.sha256(b"before sdd_bench:sha256:" + b"0" * 64 + b" after").hexdigest()
    assert written == b"before sdd_bench:sha256:" + expected.encode() + b" after"
    assert seals.check(io.BytesIO(written))


@pytest.mark.parametrize("size", [0, 1, 5 << 20])
@pytest.mark.parametrize("at_the_end", [False, True])
def test_every_flipped_bit_is_noticed(size: int, at_the_end: bool) -> None:
    rest, mark = b"x" * size, files.BLANK.encode()
    written = bytearray(b"".join(seals.sealed(rest + mark if at_the_end else mark + rest)))
    assert seals.check(io.BytesIO(written))
    digits = written.index(b"sha256:") + len(b"sha256:")
    for place in {0, digits, digits + 63, len(written) // 2, len(written) - 1}:
        damaged = written.copy()
        damaged[place] ^= 0x40
        if damaged.count(b"sdd_bench:sha256:") == 0:
            continue  # the mark itself: what is left is a file without a hash, and whole
        with pytest.raises(files.ContentError, match="does not fit its SHA-256"):
            seals.check(io.BytesIO(damaged))


def test_a_file_without_a_hash_is_one_of_before() -> None:
    for data in (b"", b"anything", b"cut off at sdd_bench:sha256:12"):
        assert not seals.check(io.BytesIO(data))
    with pytest.raises(ValueError, match="no place for its hash"):
        seals.sealed(b"anything")


def test_the_hash_of_a_record_is_that_of_its_canonical_json() -> None:
    # printf '{"a": [1, 7], "b": {"c": null}}' | sha256sum
    expected = hashlib.sha256(b'{"a": [1, 7], "b": {"c": null}}').hexdigest()
    assert seals.record_hash({"b": {"c": None}, "a": (1, 7.0)}) == expected
    assert seals.record_hash({"b": {"c": None}, "a": [1, 7]}) == expected
    assert seals.record_hash({"b": {"c": None}, "a": [7, 1]}) != expected
