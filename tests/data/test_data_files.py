# A split may be in memory or not, a label a tensor or a dict: these tests know which.
# pyright: reportArgumentType=false, reportAttributeAccessIssue=false, reportOptionalMemberAccess=false, reportOptionalSubscript=false
"""MNIST, Fashion-MNIST, CIFAR-10 and SVHN from files of their own formats, whole, damaged and missing."""

import gzip
import io
import pickle
import socket
import struct
import threading
import urllib.request
from http.server import BaseHTTPRequestHandler, HTTPServer
from importlib import import_module
from typing import ClassVar

import numpy as np
import pytest
import torch
from scipy.io import savemat

from pellucid.data import cifar10, fashion_mnist, mnist, svhn

archive = import_module("pellucid.data.archive")
DEBIAN = import_module("pellucid.data.mnist_like").DEBIAN
NOISE = np.random.default_rng(0)


@pytest.fixture
def offline():
    """No server answers: every request goes to a proxy on a port where nobody listens."""
    dead = urllib.request.ProxyHandler({"http": "http://127.0.0.1:9", "https": "http://127.0.0.1:9"})
    urllib.request.install_opener(urllib.request.build_opener(dead))
    yield
    urllib.request.install_opener(None)


@pytest.fixture
def local_network():
    urllib.request.install_opener(urllib.request.build_opener(urllib.request.ProxyHandler({})))
    yield
    urllib.request.install_opener(None)


def pictures(N: int, *shape: int) -> tuple[np.ndarray, np.ndarray]:
    return NOISE.integers(0, 256, (N, *shape), dtype=np.uint8), np.arange(N) % 10


def idx(array: np.ndarray) -> bytes:
    return (
        bytes([0, 0, 8, array.ndim]) + struct.pack(f">{array.ndim}I", *array.shape) + array.astype(np.uint8).tobytes()
    )


def write_mnist(folder, gzipped: bool):
    truth = {"train": pictures(60, 28, 28), "t10k": pictures(20, 28, 28)}
    folder.mkdir(parents=True, exist_ok=True)
    for part, (x, y) in truth.items():
        for name, array in ((f"{part}-images-idx3-ubyte", x), (f"{part}-labels-idx1-ubyte", y)):
            path = folder / (f"{name}.gz" if gzipped else name)
            path.write_bytes(gzip.compress(idx(array)) if gzipped else idx(array))
    return truth["train"], truth["t10k"]


class Python2Pickler(pickle._Pickler):
    """Writes text and bytes as Python 2 wrote its str, which is what CIFAR-10's files hold."""

    dispatch: ClassVar[dict] = dict(pickle._Pickler.dispatch)

    def save_str(self, value):
        content = value.encode("latin1") if isinstance(value, str) else value
        self.write(pickle.BINSTRING + struct.pack("<i", len(content)) + content)
        self.memoize(value)

    dispatch[str] = dispatch[bytes] = save_str


def python2_pickle(value) -> bytes:
    stream = io.BytesIO()
    Python2Pickler(stream, 2).dump(value)
    return stream.getvalue().replace(b"numpy._core.multiarray", b"numpy.core.multiarray")


def write_cifar(folder, dump=python2_pickle):
    folder.mkdir(parents=True, exist_ok=True)
    truth = []
    for name in (*(f"data_batch_{i}" for i in range(1, 6)), "test_batch"):
        x, y = pictures(20, 3072)
        (folder / name).write_bytes(
            dump({"batch_label": name, "labels": y.tolist(), "data": x, "filenames": ["a.png"]})
        )
        truth.append((x.reshape(-1, 3, 32, 32), y))
    return tuple(np.concatenate(parts) for parts in zip(*truth[:5], strict=True)), truth[5]


def write_svhn(folder):
    folder.mkdir(parents=True, exist_ok=True)
    truth = []
    for part, N in (("train", 40), ("test", 20)):
        x, y = pictures(N, 3, 32, 32)
        savemat(folder / f"{part}_32x32.mat", {"X": x.transpose(2, 3, 1, 0), "y": np.where(y == 0, 10, y)[:, None]})
        truth.append((x, y))
    return tuple(truth)


def check(data, train, test, validation: int):
    x, y = torch.cat([data.train.x, data.validation.x]), torch.cat([data.train.y, data.validation.y])
    assert x.numpy().reshape(train[0].shape).tolist() == train[0].tolist()
    assert y.tolist() == train[1].tolist()
    assert data.validation.rows == validation
    assert data.test.x.numpy().reshape(test[0].shape).tolist() == test[0].tolist()
    assert data.test.y.tolist() == test[1].tolist()
    assert x.dtype == torch.uint8
    assert y.dtype == torch.long


@pytest.mark.parametrize("gzipped", [False, True])
@pytest.mark.parametrize(("load", "own"), [(mnist, "MNIST"), (fashion_mnist, "FashionMNIST")])
@pytest.mark.parametrize("nested", [False, True])
def test_idx_files_come_back_pixel_for_pixel(tmp_path, load, own, nested, gzipped):
    folder = tmp_path / own / "raw" if nested else tmp_path
    train, test = write_mnist(folder, gzipped)
    data = load(tmp_path, validation=10)
    check(data, train, test, validation=10)
    assert data.shape == (1, 28, 28)
    assert data.source == f"read from {folder}"


@pytest.mark.parametrize("dump", [python2_pickle, pickle.dumps, lambda value: pickle.dumps(value, 2)])
@pytest.mark.parametrize("nested", ["", "cifar-10-batches-py"])
def test_cifar_batches_come_back_pixel_for_pixel(tmp_path, nested, dump):
    train, test = write_cifar(tmp_path / nested, dump)
    data = cifar10(tmp_path, validation=10)
    check(data, train, test, validation=10)
    assert data.shape == (3, 32, 32)


@pytest.mark.parametrize("nested", ["", "SVHN"])
def test_house_numbers_come_back_pixel_for_pixel_with_ten_as_zero(tmp_path, nested):
    train, test = write_svhn(tmp_path / nested)
    data = svhn(tmp_path, validation=10)
    check(data, train, test, validation=10)
    assert data.shape == (3, 32, 32)


def test_torchvision_reads_the_same_files_alike(tmp_path):
    from torchvision import datasets

    write_mnist(tmp_path / "MNIST" / "raw", gzipped=False)
    theirs = datasets.MNIST(tmp_path)
    ours = mnist(tmp_path, validation=1)
    assert theirs.data[:-1].equal(ours.train.x[:, 0])
    assert theirs.targets[:-1].equal(ours.train.y)


def test_labels_rows_and_validation_cut_the_training_rows_as_documented(tmp_path):
    (x, y), _ = write_mnist(tmp_path, gzipped=False)
    data = mnist(tmp_path, labels=20, seed=1, rows=30, validation=15)
    assert data.train.x[:, 0].numpy().tolist() == x[:30].tolist()
    assert data.validation.y.tolist() == y[-15:].tolist()
    assert data.train.y[data.train.labelled].bincount().tolist() == [2] * 10
    assert data.recipe == {
        "class_path": "pellucid.data.mnist",
        "init_args": {"root": str(tmp_path), "labels": 20, "seed": 1, "rows": 30, "validation": 15},
    }


WRITERS = {
    "mnist": (mnist, lambda folder: write_mnist(folder, gzipped=False), "train-images-idx3-ubyte"),
    "mnist labels": (mnist, lambda folder: write_mnist(folder, gzipped=False), "t10k-labels-idx1-ubyte"),
    "mnist gz": (mnist, lambda folder: write_mnist(folder, gzipped=True), "train-images-idx3-ubyte.gz"),
    "cifar10": (cifar10, write_cifar, "data_batch_3"),
    "svhn": (svhn, write_svhn, "test_32x32.mat"),
}


@pytest.mark.parametrize("kept", [0.0, 0.3, 0.99])
@pytest.mark.parametrize(("load", "write", "name"), WRITERS.values(), ids=WRITERS)
def test_a_file_cut_short_is_named(tmp_path, load, write, name, kept):
    write(tmp_path)
    content = (tmp_path / name).read_bytes()
    (tmp_path / name).write_bytes(content[: int(kept * len(content))])
    with pytest.raises(ValueError, match=f"(?s){tmp_path / name}: the file is damaged.*Try one of"):
        load(tmp_path, validation=10)


@pytest.mark.parametrize("content", [b"<html>404 not found</html>" * 50, bytes(5000)], ids=["page", "zeros"])
@pytest.mark.parametrize(("load", "write", "name"), WRITERS.values(), ids=WRITERS)
def test_a_file_of_something_else_is_named(tmp_path, load, write, name, content):
    write(tmp_path)
    (tmp_path / name).write_bytes(content)
    with pytest.raises(ValueError, match=f"{tmp_path / name}: the file is damaged"):
        load(tmp_path, validation=10)


def test_labels_of_another_number_of_images_are_named(tmp_path):
    write_mnist(tmp_path, gzipped=False)
    (tmp_path / "train-labels-idx1-ubyte").write_bytes(idx(np.zeros(59)))
    with pytest.raises(ValueError, match="59 labels for the 60 images of train-images-idx3-ubyte"):
        mnist(tmp_path, validation=10)


def test_a_batch_file_that_would_run_code_is_refused(tmp_path):
    class Trap:
        def __reduce__(self):
            return (tmp_path.joinpath("sprung").touch, ())

    write_cifar(tmp_path)
    (tmp_path / "test_batch").write_bytes(pickle.dumps(Trap()))
    with pytest.raises(ValueError, match=r"test_batch: the file is damaged: UnpicklingError: it asks for "):
        cifar10(tmp_path, validation=10)
    assert not (tmp_path / "sprung").exists()


@pytest.mark.parametrize(
    ("load", "wanted"),
    [(mnist, "train-images-idx3-ubyte"), (cifar10, "data_batch_1"), (svhn, "train_32x32.mat")],
)
def test_offline_the_error_names_the_folder_and_the_files(tmp_path, offline, load, wanted):
    with pytest.raises(FileNotFoundError, match=f"(?s)root: {wanted}.*{tmp_path}.*no server could be reached.*Try one"):
        load(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_offline_the_error_names_only_what_is_missing(tmp_path, offline):
    write_mnist(tmp_path, gzipped=True)
    (tmp_path / "t10k-labels-idx1-ubyte.gz").unlink()
    with pytest.raises(FileNotFoundError, match=f"root: t10k-labels-idx1-ubyte not found in {tmp_path} "):
        mnist(tmp_path)


def test_a_server_that_never_answers_is_given_up(tmp_path, local_network):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        server = f"http://127.0.0.1:{silent.getsockname()[1]}/"
        with pytest.raises(FileNotFoundError, match="no server could be reached"):
            archive.locate(["a"], [tmp_path], pytest.fail, [server], patience=0.2)


class Refusing(BaseHTTPRequestHandler):
    def do_HEAD(self):
        self.send_error(403)

    def log_message(self, *_):
        pass


@pytest.fixture
def server(local_network):
    """A server that answers, if only to refuse its front page."""
    with HTTPServer(("127.0.0.1", 0), Refusing) as running:
        threading.Thread(target=running.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{running.server_port}/"
        running.shutdown()


def test_a_download_is_made_once_and_told(tmp_path, server):
    found = archive.locate(["a"], [tmp_path], lambda: (tmp_path / "a").touch(), [server])
    assert found == ([tmp_path / "a"], f"downloaded from {server} to {tmp_path}")
    again = archive.locate(["a"], [tmp_path], pytest.fail, [server])
    assert again == ([tmp_path / "a"], f"read from {tmp_path}")


@pytest.mark.parametrize("error", [RuntimeError("bad checksum"), PermissionError("read-only"), ImportError("no gdown")])
def test_a_download_that_fails_says_why(tmp_path, server, error):
    def download():
        raise error

    with pytest.raises(FileNotFoundError, match=f"the download failed: {error}"):
        archive.locate(["a"], [tmp_path], download, [server])


@pytest.mark.skipif(not DEBIAN.is_dir(), reason=f"Debian's dataset-fashion-mnist is not installed in {DEBIAN}")
class TestDebianFashionMnist:
    def test_real_garments_are_found_without_a_root(self, tmp_path):
        data = fashion_mnist(tmp_path, labels=100)
        assert data.source == f"read from {DEBIAN}"
        assert (data.n_data, data.validation.rows, data.test.rows) == (50_000, 10_000, 10_000)
        assert data.test.y.bincount().tolist() == [1000] * 10
        assert data.train.labelled.sum() == 100

    def test_mean_pixel_is_the_published_one(self, tmp_path):
        data = fashion_mnist(tmp_path)
        total = data.train.x.double().sum() + data.validation.x.double().sum()
        assert total / (60_000 * 784 * 255) == pytest.approx(0.2860, abs=5e-5)

    def test_the_root_comes_before_the_system(self, tmp_path):
        write_mnist(tmp_path, gzipped=True)
        assert fashion_mnist(tmp_path, validation=10).n_data == 50
