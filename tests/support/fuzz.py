"""Files as crashes, editors and strangers leave them: a good one with a few spoilt places."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

BRIEFLY = settings(
    max_examples=60,
    deadline=5000,
    database=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
"""Few examples, the same ones each time, each in seconds."""

PIECES = (
    *(bytes([byte]) for byte in b"\0\x1a\xff\r\n,;\t\"'\\{}[]:=# "),
    *(
        b"",
        b"\xff\xfe",
        b"\xef\xbb\xbf",
        b"\r\n",
        b"\n\n",
        b'""',
        b"\\ud800",
        b"\\u0000",
        b"\x1b[2J",
    ),
    *(b"null", b"true", b"NaN", b"Infinity", b"-Infinity", b"-1", b"1.5", b"1e400", b"9" * 30),
    *(b"../x", b"\xe2\x80\x8b", b"\xf0\x9f\x90\x88", b"[[x]]", b'{"a": 1}', b"[]", b'"a"'),
    *(b"9" * 5000, b"[" * 5000, b'{"a":' * 3000, b"a" * 200_000),
)
"""What is put in: marks of each format, numbers out of every range, bytes that are no text."""


@st.composite
def spoilt(draw: st.DrawFn, samples: tuple[bytes, ...]) -> bytes:
    """One of the samples with up to four places cut, doubled, or filled with something else."""
    data = draw(st.sampled_from(samples))
    for _ in range(draw(st.integers(0, 4))):
        start = draw(st.integers(0, len(data)))
        end = min(len(data), start + draw(st.sampled_from([0, 1, 2, 5, 20, len(data)])))
        piece = draw(st.one_of(st.sampled_from(PIECES), st.binary(max_size=6)))
        kept = data[start:end] * draw(st.integers(0, 2))
        data = data[:start] + piece + kept + data[end:]
    return data


def anything(*samples: bytes) -> SearchStrategy[bytes]:
    """Spoilt samples, and bytes of no format at all."""
    return st.one_of(spoilt(samples), spoilt(samples), st.binary(max_size=40))


@contextmanager
def or_a_sentence(kind: type[Exception]) -> Iterator[None]:
    """Within it all goes well, or ends in that error: one line, not endless, with no address."""
    try:
        yield
    except kind as error:
        message = str(error)
        good = 0 < len(message) < 2000 and " object at 0x" not in message
        assert good, message
