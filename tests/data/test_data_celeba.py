# A split may be in memory or not, a label a tensor or a dict: these tests know which.
# pyright: reportArgumentType=false, reportAttributeAccessIssue=false, reportOptionalMemberAccess=false
# pyright: reportOptionalSubscript=false, reportOperatorIssue=false

import urllib.request

import numpy as np
import pytest
import torch
import yaml
from PIL import Image

from pellucid.data import CHARACTERISTICS, Batch, Batches, CelebrityFaces, celeba, label_counts
from pellucid.experiments.configuration import make_job, parse
from pellucid.inference.training.build import build

WANTED = (
    "Arched_Eyebrows, Bags_Under_Eyes, Bangs, Black_Hair, Blond_Hair, Brown_Hair, Bushy_Eyebrows, Chubby, Eyeglasses, "
    "Heavy_Makeup, Male, No_Beard, Pale_Skin, Receding_Hairline, Smiling, Wavy_Hair, Wearing_Necktie, Young"
)
NAMES = [
    "5_o_Clock_Shadow", "Arched_Eyebrows", "Attractive", "Bags_Under_Eyes", "Bald", "Bangs", "Big_Lips", "Big_Nose",
    "Black_Hair", "Blond_Hair", "Blurry", "Brown_Hair", "Bushy_Eyebrows", "Chubby", "Double_Chin", "Eyeglasses",
    "Goatee", "Gray_Hair", "Heavy_Makeup", "High_Cheekbones", "Male", "Mouth_Slightly_Open", "Mustache", "Narrow_Eyes",
    "No_Beard", "Oval_Face", "Pale_Skin", "Pointy_Nose", "Receding_Hairline", "Rosy_Cheeks", "Sideburns", "Smiling",
    "Straight_Hair", "Wavy_Hair", "Wearing_Earrings", "Wearing_Hat", "Wearing_Lipstick", "Wearing_Necklace",
    "Wearing_Necktie", "Young",
]  # fmt: skip
SPLIT = [0] * 20 + [1] * 5 + [2] * 5


def face(i: int) -> np.ndarray:
    """A smooth picture, which JPEG keeps within a few grey levels, with grey bars where the crop must cut."""
    y, x = np.mgrid[:218, :178]
    picture = np.stack([x + i, 218 - y, (x + y) / 2 + 3 * i], -1).clip(0, 255)
    picture[:20], picture[-20:] = 255, 255
    return picture.astype(np.uint8)


@pytest.fixture
def folder(tmp_path):
    """All the files that torchvision wants of CelebA, thirty faces."""
    home = tmp_path / "celeba"
    (home / "img_align_celeba").mkdir(parents=True)
    attributes = np.random.default_rng(0).choice([-1, 1], (30, 40))
    files = [f"{i + 1:06d}.jpg" for i in range(30)]
    for i, name in enumerate(files):
        Image.fromarray(face(i)).save(home / "img_align_celeba" / name, quality=100, subsampling=0)

    def table(rows, header=None):
        head = f"{len(files)}\n{' '.join(header)} \n" if header else ""
        return head + "".join(
            f"{name} {' '.join(f'{v:2d}' for v in row)}\n" for name, row in zip(files, rows, strict=True)
        )

    landmarks = [
        f"{part}_{axis}" for part in ("lefteye", "righteye", "nose", "leftmouth", "rightmouth") for axis in "xy"
    ]
    (home / "list_attr_celeba.txt").write_text(table(attributes, NAMES))
    (home / "list_eval_partition.txt").write_text(table([[s] for s in SPLIT]))
    (home / "identity_CelebA.txt").write_text(table([[i] for i in range(30)]))
    (home / "list_bbox_celeba.txt").write_text(table([[0, 0, 178, 218]] * 30, ["image_id", "x_1", "y_1", "w", "h"]))
    (home / "list_landmarks_align_celeba.txt").write_text(table([[9] * 10] * 30, landmarks))
    return tmp_path


def attributes_by_torchvision(folder) -> torch.Tensor:
    """The whole attribute table as torchvision's own reader has it, checksums aside, in {-1, 1}."""
    from torchvision.datasets import CelebA

    reader = CelebA.__new__(CelebA)
    reader.root = str(folder)
    return reader._load_csv("list_attr_celeba.txt", header=1).data


def test_attributes_are_the_eighteen_by_name_as_zero_and_one(folder):
    data = celeba(folder)
    theirs = attributes_by_torchvision(folder)[:, [NAMES.index(name) for name in data.classes]]
    ours = torch.cat([split.y for split in data.splits.values()])
    assert ", ".join(data.classes) == ", ".join(CHARACTERISTICS) == WANTED
    assert ours.equal((theirs + 1) // 2)
    assert "-1 and 1 read as 0 and 1" in data.source


def test_zero_and_one_in_the_file_are_read_alike(folder):
    expected = celeba(folder).train.y
    table = folder / "celeba" / "list_attr_celeba.txt"
    table.write_text(table.read_text().replace("-1", " 0"))
    assert celeba(folder).train.y.equal(expected)
    assert "attributes 0 and 1 read as 0 and 1" in celeba(folder).source


def test_attributes_asked_for_are_served_in_the_order_asked(folder):
    names = ("Young", "Bald", "5_o_Clock_Shadow", "Wearing_Necktie")
    data = celeba(folder, attributes=names)
    theirs = attributes_by_torchvision(folder)[:, [NAMES.index(name) for name in names]]
    assert data.classes == names
    assert torch.cat([split.y for split in data.splits.values()]).equal((theirs + 1) // 2)


def test_every_name_in_the_header_of_the_file_can_be_asked_for(folder):
    rest = [name for name in NAMES if name not in CHARACTERISTICS]
    assert celeba(folder, attributes=rest).train.y.shape == (20, 22)
    assert celeba(folder, attributes=NAMES).classes == tuple(NAMES)


def test_a_yaml_file_gets_the_eighteen_by_leaving_them_out_and_others_by_name(folder, tmp_path):
    for attributes in (None, ["Smiling", "Bald"]):
        given = {"root": str(folder), "rows": 15} | ({"attributes": attributes} if attributes else {})
        pair = {"class_path": "pellucid.zoo.vae", "init_args": {"dim": 2}}
        config = {"pair": pair, "data": {"class_path": "pellucid.data.celeba", "init_args": given}}
        (tmp_path / "run.yaml").write_text(yaml.safe_dump(config))
        made = make_job(parse(["--config", str(tmp_path / "run.yaml")])).data
        assert made.classes == tuple(attributes or CHARACTERISTICS)
        again = build(yaml.safe_load(yaml.safe_dump(made.recipe)))
        assert again.classes == made.classes
        assert again.train.y.equal(made.train.y)


@pytest.mark.parametrize(
    ("name", "near"),
    [
        ("smiling", "- Smiling"),
        ("Glasses", "- Eyeglasses"),
        ("Wavy Hair", "- Wavy_Hair, "),
        ("Beard", "- No_Beard"),
        ("Wearing_Tie", "Wearing_Necktie"),
        ("qqqq", ", ".join(NAMES)),
    ],
)
def test_a_name_that_does_not_exist_is_refused_with_near_ones_before_any_file_is_sought(tmp_path, name, near):
    with pytest.raises(ValueError, match=f"attributes: CelebA has no '{name}'") as caught:
        celeba(tmp_path / "nowhere", attributes=["Male", name])
    assert near in str(caught.value).split("Try one of:")[1]


def test_near_names_are_listed_for_each_that_does_not_exist(tmp_path):
    with pytest.raises(ValueError, match=r"CelebA has no 'smile', 'bangz'\.\nTry one of:\n- Smiling, Male, Bangs\n"):
        celeba(tmp_path, attributes=["smile", "Young", "bangz"])


@pytest.mark.parametrize("attributes", [(), "Smiling", ["Male", "Young", "Male"]])
def test_attributes_that_are_no_list_of_different_names_are_refused(tmp_path, attributes):
    with pytest.raises(ValueError, match="attributes: expected a sequence of different names"):
        celeba(tmp_path, attributes=attributes)


def test_labelled_rows_need_witnesses_of_the_chosen_attributes_only(folder):
    with pytest.raises(ValueError, match="labels: 2 labelled rows cannot show both values of all 18 attributes"):
        celeba(folder, labels=2)
    one = celeba(folder, labels=2, attributes=["Smiling"])
    assert label_counts(one).tolist() == [[1, 1]]
    more = celeba(folder, labels=7, attributes=["Smiling"]).train.labelled
    assert (one.train.labelled <= more).all()
    assert label_counts(celeba(folder, labels=12)).min() >= 1


def rewritten(folder, name, value, rows) -> None:
    """The attribute table with other values in some rows (of all images) of one column."""
    path = folder / "celeba" / "list_attr_celeba.txt"
    lines = path.read_text().splitlines()
    for row in rows:
        words = lines[2 + row].split()
        words[1 + NAMES.index(name)] = value
        lines[2 + row] = " ".join(words)
    path.write_text("\n".join(lines) + "\n")


@pytest.mark.parametrize("value", ["2", "0", "-2", "1.0", "yes", "nan", "--1"])
def test_a_value_that_is_neither_minus_one_nor_one_is_named_with_its_file_row_and_column(folder, value):
    rewritten(folder, "Pale_Skin", value, [4])
    path = folder / "celeba" / "list_attr_celeba.txt"
    with pytest.raises(ValueError, match="Try one of") as caught:
        celeba(folder)
    said = f"{path}: the file is damaged: line 7 (000005.jpg) has {value} as Pale_Skin, where -1 or 1 is expected."
    assert str(caught.value).startswith(said)
    assert celeba(folder, attributes=["Male"]).n_data == 20  # what is not asked for is not read


def test_an_empty_value_is_named_with_its_file_and_row(folder):
    rewritten(folder, "Pale_Skin", "", [4])
    with pytest.raises(ValueError, match=r"list_attr_celeba\.txt: the file is damaged: line 7 has 39 attributes of 40"):
        celeba(folder)


@pytest.mark.parametrize("in_memory", [False, True])
def test_an_attribute_that_is_the_same_on_all_training_rows_is_named(folder, in_memory):
    rewritten(folder, "Chubby", "-1", range(20))
    with pytest.raises(ValueError, match=r"celeba\.train\.y: attribute 'Chubby' is 0 in all 20 rows"):
        celeba(folder, in_memory=in_memory)
    with pytest.raises(ValueError, match="labels: attribute 'Chubby' has one value only in all 20 rows"):
        celeba(folder, in_memory=in_memory, labels=15)
    assert label_counts(celeba(folder, in_memory=in_memory, labels=0)).sum() == 0
    assert celeba(folder, in_memory=in_memory, attributes=["Young"]).n_data == 20


def test_official_partition_makes_the_splits(folder):
    data = celeba(folder)
    assert [len(split) for split in data.splits.values()] == [20, 5, 5]
    assert data.test.names[0] == "000026.jpg"


def test_faces_are_the_central_square_at_64_pixels(folder):
    data = celeba(folder)
    for i in (0, 13):
        square = torch.from_numpy(face(i)[20:198].transpose(2, 0, 1).copy()).float()[None]
        expected = torch.nn.functional.interpolate(square, size=(64, 64), mode="bilinear", antialias=True)[0]
        row = data.train[i]
        assert row.x.shape == data.shape == (3, 64, 64)
        assert row.x.dtype == torch.uint8
        assert (row.x.float() - expected).abs().mean() < 1  # the JPEG costs something
        assert (row.x.float() - expected).abs().max() < 16


def test_memory_and_disk_hold_the_same_rows_in_batches(folder):
    lazy, eager = celeba(folder, labels=0.5), celeba(folder, labels=0.5, in_memory=True)
    assert isinstance(lazy.train, CelebrityFaces)
    assert isinstance(eager.train, Batch)
    pairs = zip(*(Batches(d.train, 6, shuffle=True, workers=2).epoch(1) for d in (lazy, eager)), strict=True)
    for one, other in pairs:
        assert one.x.equal(other.x)
        assert one.y.equal(other.y)
        assert one.labelled.equal(other.labelled)


def test_rows_and_labels_act_on_the_training_split(folder):
    data = celeba(folder, labels=10, seed=2, rows=15)
    assert [len(split) for split in data.splits.values()] == [15, 5, 5]
    assert data.train.labelled.sum() == 10
    assert data.test.labelled is None
    assert data.recipe["init_args"]["in_memory"] is False


@pytest.mark.parametrize("kept", [0.0, 0.02, 0.5])
def test_an_image_cut_short_is_named_when_it_is_read(folder, kept):
    path = folder / "celeba" / "img_align_celeba" / "000003.jpg"
    path.write_bytes(path.read_bytes()[: int(kept * path.stat().st_size)])
    data = celeba(folder)
    with pytest.raises(ValueError, match=f"{path}: the file is damaged"):
        data.train[2]
    with pytest.raises(ValueError, match=f"{path}: the file is damaged"):
        celeba(folder, in_memory=True)


def test_missing_images_are_counted_before_training(folder):
    (folder / "celeba" / "img_align_celeba" / "000007.jpg").unlink()
    with pytest.raises(FileNotFoundError, match=r"1 of 30 images are missing, the first 000007\.jpg"):
        celeba(folder)


@pytest.mark.parametrize(
    ("edit", "message"),
    [
        (lambda text: text[: len(text) // 2], "line 1 promises 30 rows and|has .* attributes of 40"),
        (lambda text: text[:-6] + "\n", r"line 32 has 38 attributes of 40"),
        (lambda text: text.replace("Bangs", "Fringe"), "line 2 lacks one of"),
        (lambda _: "", "line 1 is not a count"),
        (lambda text: text.encode("utf-16"), "line 1 is not a count"),
    ],
)
def test_a_damaged_attribute_table_is_named(folder, edit, message):
    table = folder / "celeba" / "list_attr_celeba.txt"
    edited = edit(table.read_text())
    table.write_bytes(edited if isinstance(edited, bytes) else edited.encode())
    with pytest.raises(ValueError, match=rf"list_attr_celeba\.txt: the file is damaged: .*({message})"):
        celeba(folder)


def test_a_partition_cut_short_is_named(folder):
    path = folder / "celeba" / "list_eval_partition.txt"
    path.write_text("".join(path.read_text().splitlines(keepends=True)[:28]))
    with pytest.raises(
        ValueError, match=r"list_eval_partition\.txt: the file is damaged: 2 images .* the first 000029\.jpg"
    ):
        celeba(folder)


@pytest.fixture
def offline():
    dead = urllib.request.ProxyHandler({"http": "http://127.0.0.1:9", "https": "http://127.0.0.1:9"})
    urllib.request.install_opener(urllib.request.build_opener(dead))
    yield
    urllib.request.install_opener(None)


@pytest.mark.usefixtures("offline")
def test_offline_the_error_names_the_folder_and_the_files(tmp_path):
    with pytest.raises(FileNotFoundError, match=f"img_align_celeba, list_attr_celeba.txt, .*{tmp_path}"):
        celeba(tmp_path)


@pytest.mark.usefixtures("offline")
@pytest.mark.parametrize("missing", ["list_attr_celeba.txt", "list_eval_partition.txt"])
def test_a_missing_label_file_is_named_with_the_folder_of_the_others(folder, missing):
    (folder / "celeba" / missing).unlink()
    with pytest.raises(FileNotFoundError, match="Try one of") as caught:
        celeba(folder)
    assert str(caught.value).startswith(f"root: {missing} not found in {folder / 'celeba'} (nor all in {folder})")
