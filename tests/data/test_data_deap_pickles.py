"""Pickles read without being run: the same arrays as pickle's own, and nothing else whatever a file asks for."""

import builtins
import contextlib
import io
import os
import pickle
import struct
from collections import OrderedDict
from pathlib import Path

import numpy as np
import pytest

from pellucid.data.emotion.pickled import unpickle_arrays
from tests.deap_files import write_python2

ARRAYS = {
    "data": np.random.default_rng(0).standard_normal((3, 4, 5)),
    "labels": np.asfortranarray(np.arange(12, dtype=np.float32).reshape(3, 4)),
    "bytes": np.arange(256, dtype=np.uint8),
    "big": np.arange(5, dtype=">i4"),
    "strided": np.arange(20.0)[::3],
}


def saved(tmp_path: Path, content: bytes) -> Path:
    path = tmp_path / "s01.dat"
    path.write_bytes(content)
    return path


def refuses(path: Path, match: str) -> None:
    with pytest.raises(ValueError, match=rf"(?s)s01\.dat: .*{match}.*Try one of"):
        unpickle_arrays(path)


def same(found: dict, expected: dict) -> None:
    assert list(found) == list(expected)
    for name, array in expected.items():
        assert found[name].dtype.newbyteorder("=") == array.dtype.newbyteorder("=")
        np.testing.assert_array_equal(found[name], array)


@pytest.mark.parametrize("protocol", [1, 2, 3, 4])
def test_arrays_of_python_3_are_those_that_were_written(tmp_path, protocol):
    same(unpickle_arrays(saved(tmp_path, pickle.dumps(ARRAYS, protocol))), ARRAYS)


def test_arrays_of_python_2_are_those_that_pickle_itself_loads(tmp_path):
    path = write_python2(tmp_path / "s01.dat", ARRAYS)
    assert b"numpy.core.multiarray" in path.read_bytes()
    assert b"_codecs" not in path.read_bytes()
    with path.open("rb") as file:
        expected = pickle.load(file, encoding="latin1")
    same(expected, ARRAYS)
    same(unpickle_arrays(path), expected)


def test_scalars_and_arrays_written_once_and_met_twice_are_read(tmp_path):
    twice = np.arange(3.0)
    content = {"one": twice, "other": twice, "scalar": np.float64(2.5)}
    for path in (
        write_python2(tmp_path / "s02.dat", content),
        saved(tmp_path, pickle.dumps(content, 4)),
    ):
        found = unpickle_arrays(path)
        assert found["scalar"] == 2.5
        np.testing.assert_array_equal(found["other"], twice)


def test_one_content_is_not_given_out_as_many_arrays(tmp_path):
    """Every array is written by itself, and all of them point to the content of the first."""
    first = RECONSTRUCT + b"(" + NDARRAY + b"(K\x00tU\x01btR(K\x01(I125000\nt" + FLOAT + b"\x89"
    long = b"T" + struct.pack("<i", 1_000_000) + bytes(1_000_000) + b"q\x01"
    arrays = [b"U\x01a" + first + long + b"tbs", *(b"U\x01%c" % c + first + b"h\x01tbs" for c in b"bcdefgh")]
    (tmp_path / "s01.dat").write_bytes(b"\x80\x02}" + b"".join(arrays[:1]) + b".")
    assert unpickle_arrays(tmp_path / "s01.dat")["a"].shape == (125_000,)
    (tmp_path / "s01.dat").write_bytes(b"\x80\x02}" + b"".join(arrays) + b".")
    with pytest.raises(ValueError, match="more bytes than the file"):
        unpickle_arrays(tmp_path / "s01.dat")


class Asking:
    """An object that asks a pickle to call something."""

    def __init__(self, function, *args):
        self.function, self.args = function, args

    def __reduce__(self):
        return self.function, self.args


def attacks(mark: Path) -> dict[str, object]:
    """Pickled content that makes a file, if it is ever run."""
    command = f"touch {mark}"
    return {
        "a command": Asking(os.system, command),
        "an evaluation": Asking(builtins.eval, f"open({str(mark)!r}, 'w')"),
        "a command beside arrays": ARRAYS | {"more": Asking(os.system, command)},
        "a command in place of a key": {Asking(os.system, command): ARRAYS["data"]},
        "a command within an array of objects": {"data": np.array([Asking(os.system, command), 1], dtype=object)},
        "a command within a field": {"data": (ARRAYS["data"], Asking(os.system, command))},
        "an attribute of numpy that runs its argument": Asking(np.testing.rundocs, str(mark)),
        "a door to all others": Asking(getattr, Asking(__import__, "os"), "system"),
        "a harmless class": OrderedDict(ARRAYS),
    }


@pytest.mark.parametrize("protocol", range(6))
@pytest.mark.parametrize("name", list(attacks(Path("x"))))
def test_no_pickle_runs_what_it_asks_for(tmp_path, name, protocol):
    path = saved(tmp_path, pickle.dumps(attacks(tmp_path / "mark")[name], protocol))
    with pytest.raises(ValueError, match=r"s01\.dat: the file (asks to import|holds the instruction)"):
        unpickle_arrays(path)
    assert not (tmp_path / "mark").exists()


@pytest.mark.parametrize("name", ["a command", "an evaluation", "a command within an array of objects"])
def test_the_attacks_are_real(tmp_path, name):
    path = saved(tmp_path, pickle.dumps(attacks(tmp_path / "mark")[name], 2))
    with path.open("rb") as file:
        opened = pickle.load(file)  # the control: a harmless "touch"
    if isinstance(opened, io.IOBase):
        opened.close()
    assert (tmp_path / "mark").exists()


def test_the_error_names_what_the_file_asked_for(tmp_path):
    refuses(saved(tmp_path, pickle.dumps(Asking(os.system, "true"), 2)), r"asks to import (posix|nt)\.system.*was run")
    refuses(saved(tmp_path, pickle.dumps(Asking(eval, "1"), 4)), r"asks to import builtins\.eval")


RECONSTRUCT = b"cnumpy.core.multiarray\n_reconstruct\n"
NDARRAY, DTYPE, ENCODE = b"cnumpy\nndarray\n", b"cnumpy\ndtype\n", b"c_codecs\nencode\n"


def array(shape: bytes, dtype: bytes, content: bytes) -> bytes:
    """The instructions of one array under the name "data"."""
    empty = RECONSTRUCT + b"(" + NDARRAY + b"(K\x00tU\x01btR"
    return b"\x80\x02}U\x04data" + empty + b"(K\x01" + shape + dtype + b"\x89" + content + b"tbs."


FLOAT = DTYPE + b"(U\x02f8K\x00K\x01tR(K\x03U\x01<NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb"
OBJECT = FLOAT.replace(b"f8", b"O8")
FIELDS = FLOAT.replace(b"<NNN", b"<NU\x01a}")
EIGHT = b"U\x08" + struct.pack("<d", 0.5)


def test_the_instructions_of_an_array_written_by_hand_are_that_array(tmp_path):
    found = unpickle_arrays(saved(tmp_path, array(b"K\x01\x85", FLOAT, EIGHT)))["data"]
    assert found.tolist() == [0.5]


@pytest.mark.parametrize(
    ("content", "match"),
    [
        (array(b"K\x01\x85", OBJECT, b"]"), "instruction EMPTY_LIST"),
        (array(b"K\x01\x85", OBJECT, EIGHT), "array of type 'O8'"),
        (array(b"K\x01\x85", FIELDS, EIGHT), "array of an unknown type"),
        (array(b"K\x01\x85", b"N", EIGHT), "'data' is no array of numbers"),
        (array(b"K\x01\x85", NDARRAY, EIGHT), "array of an unknown type"),
        (array(b"K\x02\x85", FLOAT, EIGHT), r"claims the shape \[2\] of float64 and brings 8 bytes"),
        (
            array(b"J\xff\xff\xff\x7fJ\xff\xff\xff\x7f\x86", FLOAT, EIGHT),
            r"claims the shape \[2147483647, 2",
        ),
        (array(b"\x8a\x09" + b"\xff" * 8 + b"\x00\x85", FLOAT, EIGHT), "an impossible shape"),
        (array(b"J\xff\xff\xff\xffJ\xff\xff\xff\xff\x86", FLOAT, EIGHT), "an impossible shape"),
        (array(b"(" + 40 * b"K\x01" + b"t", FLOAT, EIGHT), "an impossible shape"),
        (array(b"(U\x01at", FLOAT, EIGHT), "an impossible shape"),
        (array(b"K\x01\x85", FLOAT, ENCODE + b"U\x08abcdefghU\x05rot13\x86R"), "no string of bytes"),
        (array(b"K\x01\x85", FLOAT, ENCODE + EIGHT + b"\x85R"), "no string of bytes"),
        (array(b"K\x01\x85", FLOAT, b"K\x08"), "no string of bytes"),
        (b"\x80\x02}U\x04data" + RECONSTRUCT + b"(" + NDARRAY + b"\x8a\x06" + b"\x7f" * 6 + b"\x85U\x01btRs.", "whole"),
        (b"\x80\x02}U\x04data" + RECONSTRUCT + b"s.", "whole"),
        (b"\x80\x02}U\x04dataK\x07s.", "'data' is no array"),
        (b"\x80\x02}K\x07K\x07s.", "keys that are no names"),
        (b"\x80\x02}" + 300_000 * b"\x85" + b"K\x01s.", "keys that are no names|no whole pickle"),
        (b"\x80\x02)" + 300_000 * b"\x85" + b".", "holds a tuple"),
        (b"\x80\x02}" + NDARRAY + b"U\x01a" + NDARRAY + b"b.", "holds a|sets the state"),
        (b"\x80\x02}U\x01aU\x01bb.", "sets the state of something that is no array"),
        (b"\x80\x02U\x06systemU\x02os\x86R.", "no whole pickle"),
        (b"\x80\x02U\x06systemU\x02os\x85R.", "calls something that is no function"),
        (b"\x80\x02" + DTYPE + b")R)R.", "calls something that is no function"),
        (b"(S'true'\nios\nsystem\n.", "instruction INST"),
        (b"\x80\x02" + NDARRAY + b")\x81.", "instruction NEWOBJ"),
        (b"\x80\x02\x82\x01.", "instruction EXT1"),
        (b"Pwho\n.", "instruction PERSID"),
        (b"\x80\x05\x97.", "instruction NEXT_BUFFER"),
        (b"\x80\x05\x96" + struct.pack("<Q", 2**60), "no whole pickle"),
        (b"\x80\x04\x8e" + struct.pack("<Q", 2**62), "no whole pickle"),
        (b"\x80\x02T\xff\xff\xff\x7f", "no whole pickle"),
        (b"\x80\x02Nr\xff\xff\xff\xff.", "holds a NoneType"),
        (b"\x80\x04" + b"\x8c\x02osK\x07\x93.", "something that has no name"),
        (b"\x80\x04)" + 60 * b"\x940\x86" + b"\x93.", "no whole pickle|instruction"),
        (b"t.", "no whole pickle"),
        (b"h\x07.", "no whole pickle"),
        (b"\xff", "no whole pickle"),
        (b"", "no whole pickle"),
        (b"MATLAB 5.0 MAT-file", "no whole pickle"),
    ],
)
def test_hostile_arguments_end_the_reading_with_their_name(tmp_path, content, match):
    refuses(saved(tmp_path, content), match)


def test_a_name_that_grows_as_two_to_the_power_of_its_length_is_not_written_out(tmp_path):
    # Each step pairs the last tuple with itself: 60 of them would print 2^60 brackets.
    doubled = b"".join(b"q" + bytes([i]) + b"h" + bytes([i]) + b"\x86" for i in range(60))
    refuses(saved(tmp_path, b"\x80\x04)" + doubled + b"\x8c\x01a\x93."), "something that has no name")


def test_a_file_cut_anywhere_is_refused_in_one_sentence(tmp_path):
    whole = write_python2(tmp_path / "whole", {"data": np.arange(4.0), "labels": np.arange(2.0)}).read_bytes()
    for kept in range(len(whole)):
        refuses(saved(tmp_path, whole[:kept]), "")


def test_a_file_changed_anywhere_gives_arrays_or_a_value_error(tmp_path):
    whole = write_python2(tmp_path / "whole", {"data": np.arange(4.0)}).read_bytes()
    rng = np.random.default_rng(0)
    for place in range(len(whole)):
        changed = bytearray(whole)
        changed[place] = rng.integers(256)
        path = saved(tmp_path, bytes(changed))
        with contextlib.suppress(ValueError):  # and nothing but a ValueError
            assert all(isinstance(value, np.ndarray) for value in unpickle_arrays(path).values())
