"""Odd and broken files from the wild: each is read right, or refused in words, quickly and in little memory."""

import os
import subprocess
import sys
import time
import warnings
from pathlib import Path

import numpy as np
import pytest

import engine
from engine.data.idx import read_idx
from engine.data.load import load_index
from engine.data.pictures import open_picture, picture_facts, read_array, sample_thumbnail
from engine.data.scan import scan
from engine.data.sources import source_of
from engine.errors import EngineError, PictureError
from engine.files import cache_folder
from engine.importing import read as read_network
from engine.spec.data import DataSpec
from engine.spec.files import read_project

SECONDS = 2.0
MEGABYTES = 1000

# What each file must give: "mode width height" once it is upright, or after "!" a word of the reason it is refused for.
ODD = {
    "1bit_mask.png": "L 64 48",
    "1bit_trns.png": "L 64 64",
    "1x1.png": "RGB 1 1",
    "UPPERCASE.JPEG": "RGB 128 128",
    "all_black.png": "RGB 64 64",
    "alpha.webp": "RGB 200 150",
    "animated.gif": "RGB 38 32",
    "animated.png": "RGB 128 64",
    "animated.webp": "RGB 200 200",
    "bilevel_g4_orient5.tif": "L 590 88",
    "cmyk.jpg": "RGB 100 100",
    "cmyk.tif": "RGB 100 100",
    "fakealpha.bmp": "RGB 127 64",
    "float_nan.tiff": "L 64 64",
    "gray.jpg": "L 128 128",
    "gray12in16.tif": "L 100 100",
    "gray16.pgm": "L 128 128",
    "gray16_interlaced.png": "L 32 32",
    "hopper.avif": "RGB 128 128",
    "hopper.heif": "RGB 128 128",
    "huge_20000x20000_1bit.png": "!400 megapixels",
    "icc_profile.png": "RGB 57 57",
    "int32.tiff": "L 64 64",
    "jpeg_named_png.png": "RGB 128 128",
    "l_trns.png": "L 64 64",
    "la_animated.png": "L 128 64",
    "lab.tif": "RGB 128 128",
    "large_9000x9000.jpg": "L 9000 9000",
    "lossy.webp": "RGB 128 128",
    "multi_size.ico": "RGB 48 48",
    "multipage.tiff": "RGB 10 10",
    "name with spaces (and brackets) 100%.jpg": "RGB 128 128",
    "no_extension": "RGB 480 360",
    "orientation_1.jpg": "RGB 300 200",
    "orientation_2.jpg": "RGB 300 200",
    "orientation_3.jpg": "RGB 300 200",
    "orientation_4.jpg": "RGB 300 200",
    "orientation_5.jpg": "RGB 300 200",
    "orientation_6.jpg": "RGB 300 200",
    "orientation_6.webp": "RGB 128 128",
    "orientation_7.jpg": "RGB 300 200",
    "orientation_8.jpg": "RGB 300 200",
    "palette_trns.png": "RGB 64 64",
    "photo.jp2": "RGB 160 120",
    "png_named_jpg.jpg": "RGB 128 128",
    "rgb16.png": "RGB 32 32",
    "rgb16.tiff": "RGB 100 40",
    "rgb32f.tiff": "!32-bit colour",
    "rgb8_interlaced.png": "RGB 32 32",
    "rgb_trns.png": "RGB 64 64",
    "rgba.png": "RGB 200 150",
    "rgba16.png": "RGB 32 32",
    "rgba16.tga": "RGB 2 1",
    "rle8.bmp": "RGB 128 128",
    "stereo.mpo": "RGB 64 64",
    "transparent.gif": "RGB 200 150",
    "very_tall.png": "RGB 1 2500",
    "very_wide.png": "RGB 3000 2",
}
BROKEN = {
    "apng_bad_frame_count.png": "RGB 128 64",
    "bad_width.bmp": "!megapixels",
    "badrle.bmp": "RGB 127 64",
    "bomb.gif": "!megapixels",
    "bomb.ico": "!megapixels",
    "broken_chunk.png": "!begins like a PNG",
    "broken_data_stream.png": "!damaged",
    "drawing.svg": "!SVG",
    "empty.jpg": "!0 bytes",
    "empty_gps.jpg": "RGB 10 10",
    "exif_typeerror.jpg": "RGB 800 531",
    "flipped_bytes.jpg": "!damaged",
    "fuzzed.jpeg": "!damaged",
    "fuzzed.tif": "!damaged",
    "fuzzed.webp": "RGB 100 30",
    "half.jpg": "!cut off",
    "header_only.gif": "!begins like a GIF",
    "html_page.jpg": "!web page",
    "invalid_exif.jpg": "RGB 200 200",
    "junk_header.jpg": "RGB 1024 768",
    "lfs_pointer.png": "!git-lfs",
    "negative_size.ppm": "!begins like a PPM",
    "no_palette.gif": "L 1 1",
    "once_crashed_libtiff.tif": "!TIFF",
    "once_hung.fli": "!cut off",
    "once_out_of_memory.tif": "!TIFF",
    "png_text_bomb.png": "!suspicious size",
    "reallybig.bmp": "!megapixels",
    "shortfile.bmp": "!cut off",
    "text.png": "!text file",
    "truncated.jpg": "!cut off",
    "truncated.png": "!cut off",
    "truncated_app14.jpg": "RGB 100 100",
    "truncated_end_chunk.png": "!cut off",
    "ultrahdr_cut.jpg": "!cut off",
    "unknown_compression.png": "!begins like a PNG",
    "wrong_bits.tiff": "RGB 16 16",
    "zero_width.gif": "!begins like a GIF",
    "zeros.jpg": "!zero bytes",
}
# One image-folder set. Before the outcome: the class that a scan puts the file into, or "-" where it lists it nowhere.
FOLDER = {
    ".hidden_class/x.jpg": "- RGB 96 72",
    "class_a/.DS_Store": "- !no picture format",
    "class_a/._a0.jpg": "- !companion file that macOS",
    "class_a/Thumbs.db": "- !no picture format",
    "class_a/a0 copy.jpg": "class_a RGB 96 72",
    "class_a/a0.jpg": "class_a RGB 96 72",
    "class_a/a1.jpg": "class_a RGB 96 72",
    "class_a/a2.jpg": "class_a RGB 96 72",
    "class_a/a3.jpg": "class_a RGB 96 72",
    "class_b/only_one.jpg": "class_b RGB 96 72",
    "class_b/same_as_a0.jpg": "class_b RGB 96 72",
    "class_c_all_broken/bad.jpg": "class_c_all_broken !cut off",
    "class_d_empty/.gitkeep": "- !0 bytes",
    "class_e/nested/deep.jpg": "class_e RGB 96 72",
    "labels.csv": "- !text file",
    "stray.jpg": "- RGB 96 72",
}
# Images, and the masks as the images that they are too: each is read, whatever its labels are worth.
SEGMENTATION = {
    "images/good.jpg": "RGB 64 48",
    "images/label_out_of_range.jpg": "RGB 64 48",
    "images/mask_16bit.jpg": "RGB 64 48",
    "images/mask_255.jpg": "RGB 64 48",
    "images/mask_jpeg.jpg": "RGB 64 48",
    "images/mask_other_size.jpg": "RGB 64 48",
    "images/mask_palette.jpg": "RGB 64 48",
    "images/mask_rgb.jpg": "RGB 64 48",
    "images/mask_rgba.jpg": "RGB 64 48",
    "images/missing_mask.jpg": "RGB 64 48",
    "masks/good.png": "L 64 48",
    "masks/label_out_of_range.png": "L 64 48",
    "masks/mask_16bit.png": "L 64 48",
    "masks/mask_255.png": "L 64 48",
    "masks/mask_jpeg.jpg": "L 64 48",
    "masks/mask_other_size.png": "L 32 24",
    "masks/mask_palette.png": "RGB 64 48",
    "masks/mask_rgb.png": "RGB 64 48",
    "masks/mask_rgba.png": "RGB 64 48",
    "masks/mask_without_image.png": "L 64 48",
}
# Weights of other programs. Nothing reads them, so nothing of them may ever be run; what they are taken for as images:
WEIGHTS = {
    "empty.pth": "!0 bytes",
    "pickle_that_calls_print.pth": "!no picture format",
    "text.pth": "!text file",
    "tiny_nan.pth": "!zip archive",
    "tiny_wrapped.pth": "!zip archive",
    "truncated.pth": "!zip archive",
    "whole_module.pth": "!zip archive",
}
# As an image; after "|" as idx: the shape of its array, or after "!" a word of the reason it is refused for.
IDX = {
    "not_gzip-images-idx3-ubyte.gz": "!no picture format|2 28 28",
    "short-images-idx3-ubyte.gz": "!gzip archive|!7840 bytes in place of 78400",
    "short-labels-idx1-ubyte.gz": "!gzip archive|90",
}
OUTCOMES = {
    **{f"odd/{name}": outcome for name, outcome in ODD.items()},
    **{f"broken/{name}": outcome for name, outcome in BROKEN.items()},
    **{f"folder/{name}": outcome.split(" ", 1)[1] for name, outcome in FOLDER.items()},
    **{f"segmentation/{name}": outcome for name, outcome in SEGMENTATION.items()},
    **{f"weights/{name}": outcome for name, outcome in WEIGHTS.items()},
    **{f"idx/{name}": outcome.split("|")[0] for name, outcome in IDX.items()},
}


@pytest.fixture
def nasty(shared_data: Path) -> Path:
    return shared_data / "nasty"


def test_no_file_is_left_out(nasty):
    found = {path.relative_to(nasty).as_posix() for path in nasty.rglob("*") if path.is_file()}
    assert found == {*OUTCOMES, "README.md"}


@pytest.mark.parametrize("name", OUTCOMES)
def test_read_right_or_refused_in_words(nasty, name, capfd):
    path, expected = nasty / name, OUTCOMES[name]
    started = time.perf_counter()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        if expected.startswith("!"):
            for read in (open_picture, lambda source: read_array(source, 64, 64, "rgb", "crop")):
                with pytest.raises(PictureError) as caught:
                    read(path)
                error = caught.value
                assert expected[1:] in error.why and path.name in error.what and error.fix
        else:
            picture, facts = open_picture(path), picture_facts(path)
            assert f"{picture.mode} {picture.width} {picture.height}" == expected
            assert (facts.width, facts.height) == picture.size
            for fit in ("crop", "pad", "squeeze"):
                assert read_array(path, 48, 64, "rgb", fit).shape == (48, 64, 3)
            assert max(sample_thumbnail(path, 96).size) <= 96
    assert time.perf_counter() - started < SECONDS
    assert capfd.readouterr() == ("", "")


MEASURE = """
import sys
from pathlib import Path
from engine.data.pictures import open_picture, read_array
from engine.errors import PictureError

def peak():  # MB this process ever held, Pillow's own memory included
    line = next(line for line in open("/proc/self/status") if line.startswith("VmHWM"))
    return int(line.split()[1]) // 1024

def refused_or_read(path):
    for read in (open_picture, lambda path: read_array(path, 64, 64, "rgb", "crop")):
        try:
            read(path)
        except PictureError:
            pass

for path in sorted(path for path in Path(sys.argv[1]).rglob("*") if path.is_file()):
    open("/proc/self/clear_refs", "w").write("5")  # the peak starts anew
    before = peak()
    refused_or_read(path)
    print(peak() - before, path.relative_to(sys.argv[1]).as_posix(), sep="\\t")
"""


@pytest.mark.skipif(not os.access("/proc/self/clear_refs", os.W_OK), reason="only Linux tells the peak of one call")
def test_none_needs_much_memory(nasty):
    """In a process of its own, where no earlier peak can hide one."""
    root = Path(engine.__file__).parents[1]
    done = subprocess.run(
        [sys.executable, "-c", MEASURE, str(nasty)], cwd=root, capture_output=True, text=True, timeout=60, check=True
    )
    peaks = {name: int(grown) for grown, name in (line.split("\t") for line in done.stdout.splitlines())}
    assert set(peaks) == {*OUTCOMES, "README.md"}
    assert peaks["odd/large_9000x9000.jpg"] > 40, "81 MB of grey must show, or nothing was measured"
    assert max(peaks.values()) < MEGABYTES, peaks


# --- what is more than an image on its own ---------------------------------------------------------------------------


@pytest.mark.parametrize("name", FOLDER)
def test_a_scan_lists_what_belongs_to_a_class(nasty, name):
    expected = FOLDER[name].split(" ", 1)[0]
    index = scan(nasty / "folder", DataSpec())
    listed = dict(zip(index.paths.tolist(), (index.classes[label] for label in index.labels), strict=True))
    assert listed.get(name, "-") == expected


def test_masks_and_their_images_are_two_classes_to_a_scan(nasty):
    index = scan(nasty / "segmentation", DataSpec())
    assert index.classes == ("images", "masks") and sorted(index.paths.tolist()) == sorted(SEGMENTATION)


@pytest.mark.parametrize("name", WEIGHTS)
def test_foreign_weights_are_refused_in_words_and_never_run(nasty, name, capfd):
    path = nasty / "weights" / name
    assert source_of(path) is None
    for read in (read_network, read_project):
        with pytest.raises(EngineError) as caught:
            read(path)
        assert name in caught.value.what and (caught.value.why or caught.value.fix)
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("name", IDX)
def test_idx_files_are_read_or_refused_in_words(nasty, name):
    path, expected = nasty / "idx" / name, IDX[name].split("|")[1]
    dimensions = 3 if "idx3" in name else 1
    if expected.startswith("!"):
        with pytest.raises(EngineError) as caught:
            read_idx(path, dimensions)
        assert name in caught.value.what and expected[1:] in caught.value.why and caught.value.fix
    else:
        assert read_idx(path, dimensions).shape == tuple(int(side) for side in expected.split())
    with pytest.raises(EngineError, match=r"idx file of (labels|images)"):  # not what its name says
        read_idx(path, 4 - dimensions)


def test_short_idx_files_leave_nothing_behind(nasty):
    chosen = source_of(nasty / "idx")
    assert chosen is not None and chosen.kind == "idx"
    with pytest.raises(EngineError, match="no idx file of images"):
        load_index(DataSpec(source=chosen))
    assert not any((cache_folder() / "unpacked").glob("*"))


@pytest.mark.parametrize(
    ("part", "sentence"),
    [
        ("odd", "58 images in “odd” are not sorted into classes"),
        ("broken", "38 images in “broken” are not sorted into classes"),
        ("weights", "There are no images in “weights”"),
    ],
)
def test_what_is_no_set_is_refused_in_words(nasty, part, sentence):
    with pytest.raises(EngineError, match=sentence) as caught:
        scan(nasty / part, DataSpec())
    assert "one sub-folder per class" in caught.value.fix


# --- the pixels ------------------------------------------------------------------------------------------------------


def pixels(path: Path) -> np.ndarray:
    return np.asarray(open_picture(path).convert("RGB")).astype(float)


def far(a: np.ndarray, b: np.ndarray) -> float:
    """Mean absolute difference in grey levels."""
    return float(np.abs(a - b).mean())


@pytest.mark.parametrize("number", range(2, 9))
def test_orientations_show_the_same_picture(nasty, number):
    # Each carries its own number in the middle, so they are nearly but not quite equal. A turned one is off by over 60.
    assert far(pixels(nasty / f"odd/orientation_{number}.jpg"), pixels(nasty / "odd/orientation_1.jpg")) < 5


@pytest.mark.parametrize(
    "name",
    ["jpeg_named_png.png", "lossy.webp", "hopper.avif", "hopper.heif", "lab.tif", "rle8.bmp", "orientation_6.webp"],
)
def test_one_portrait_in_many_formats(nasty, name):
    assert far(pixels(nasty / "odd" / name), pixels(nasty / "odd/png_named_jpg.jpg")) < 8


@pytest.mark.parametrize("name", ["gray.jpg", "gray16.pgm"])
def test_the_portrait_in_grey(nasty, name):
    colour = open_picture(nasty / "odd/png_named_jpg.jpg").convert("L")
    assert far(np.asarray(open_picture(nasty / "odd" / name)).astype(float), np.asarray(colour)) < 4


@pytest.mark.parametrize("name", ["odd/cmyk.jpg", "odd/cmyk.tif", "broken/truncated_app14.jpg"])
def test_inks_are_red_on_black_and_no_negative(nasty, name):
    red, green, blue = pixels(nasty / name)[2, 8]
    assert red > 200 and green < 60 and blue < 60
    assert pixels(nasty / name)[60:].mean() < 10


@pytest.mark.parametrize("name", ["alpha.webp", "transparent.gif"])
def test_see_through_dice_lie_on_white(nasty, name):
    dice = pixels(nasty / "odd/rgba.png")
    assert dice[0, 0].tolist() == dice[-1, -1].tolist() == [255, 255, 255]
    assert far(pixels(nasty / "odd" / name), dice) < 6


def test_colour_keys_lie_on_white(nasty):
    for name in ("rgb_trns.png", "palette_trns.png", "l_trns.png", "1bit_trns.png"):
        assert pixels(nasty / "odd" / name)[30, 32].tolist() == [255, 255, 255], name


@pytest.mark.parametrize(
    ("name", "low", "high"),
    [
        ("gray16_interlaced.png", 135, 150),
        ("gray16.pgm", 80, 90),
        ("int32.tiff", 120, 135),
        ("float_nan.tiff", 120, 135),
        ("gray12in16.tif", 1, 10),  # its largest value is 30
        ("rgb16.tiff", 25, 40),
        ("rgb16.png", 90, 110),
    ],
)
def test_deep_pictures_are_neither_white_nor_black(nasty, name, low, high):
    picture = pixels(nasty / "odd" / name)
    assert low < picture.mean() < high and picture.std() > 3


def test_what_is_no_number_in_a_real_file(nasty):
    grey = np.asarray(open_picture(nasty / "odd/float_nan.tiff"))
    assert grey.min() == 0 and grey.max() == 255


def test_the_first_page_and_the_first_frame(nasty):
    assert open_picture(nasty / "odd/multipage.tiff").size == (10, 10)
    assert picture_facts(nasty / "odd/multipage.tiff").frames == 3
    assert picture_facts(nasty / "odd/animated.gif").frames == 10
    assert picture_facts(nasty / "odd/stereo.mpo").frames == 2
    assert pixels(nasty / "odd/animated.png")[5, 5].tolist() == [255, 0, 0]
