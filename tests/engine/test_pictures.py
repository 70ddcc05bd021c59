"""Reading pictures, on files made here: every mode, both ends of every range, and everything that is not a picture."""

import io
import os
import struct
import threading
import warnings
import zlib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from engine.data.formats import silence_pillow
from engine.data.pictures import (
    MAX_PIXELS,
    PictureFacts,
    looks_like_picture,
    open_picture,
    picture_facts,
    picture_suffixes,
    read_array,
    sample_thumbnail,
    to_array,
)
from engine.errors import PictureError

ORIENTATION = 0x0112


def painted(width: int = 60, height: int = 40) -> Image.Image:
    """Red, green, blue and yellow quarters: no two turns of it look alike."""
    picture = Image.new("RGB", (width, height), (200, 30, 30))
    picture.paste((30, 180, 30), (width // 2, 0, width, height // 2))
    picture.paste((30, 30, 200), (0, height // 2, width // 2, height))
    picture.paste((220, 220, 40), (width // 2, height // 2, width, height))
    return picture


def as_bytes(picture: Image.Image, kind: str, **options) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, kind, **options)
    return buffer.getvalue()


def far(a: Image.Image | np.ndarray, b: Image.Image | np.ndarray) -> float:
    """Mean absolute difference of two pictures, in grey levels."""
    return float(np.abs(np.asarray(a).astype(float) - np.asarray(b).astype(float)).mean())


def png_bytes(width: int, height: int, bits: int, colour: int, rows: bytes, *, before=(), after=()) -> bytes:
    """A PNG written chunk by chunk, for what Pillow cannot write; `before` and `after` are chunks around the pixels."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, bits, colour, 0, 0, 0))
    around = [b"".join(chunk(kind, data) for kind, data in extra) for extra in (before, after)]
    return (
        b"\x89PNG\r\n\x1a\n"
        + header
        + around[0]
        + chunk(b"IDAT", zlib.compress(rows))
        + around[1]
        + chunk(b"IEND", b"")
    )


def refused(source: Path | str | bytes) -> PictureError:
    with pytest.raises(PictureError) as caught:
        open_picture(source)
    assert caught.value.what and caught.value.why and caught.value.fix
    return caught.value


# --- names -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name", ["a.jpg", "A.JPEG", "b.Png", "c.heic", "d.AVIF", "e.tif", "f.webp", "g.mpo", "no_suffix", "名前.bmp"]
)
def test_names_of_pictures(name):
    assert looks_like_picture(name)


@pytest.mark.parametrize(
    "name",
    [
        *(".hidden.jpg", "._a.jpg", ".DS_Store", "Thumbs.db", "desktop.ini", "__MACOSX", "README", "LICENSE"),
        *("labels.csv", "notes.txt", "film.mpg", "page.pdf", "drawing.svg", "plot.eps", "data.h5"),
    ],
)
def test_names_of_other_things(name):
    assert not looks_like_picture(name)


def test_suffixes_cover_what_people_have():
    assert {".jpg", ".jpeg", ".png", ".gif", ".bmp", ".tif", ".tiff", ".webp", ".ppm", ".jp2"} <= picture_suffixes()
    assert {".heic", ".heif", ".avif", ".mpo", ".tga", ".ico"} <= picture_suffixes()
    assert not picture_suffixes() & {".pdf", ".eps", ".ps", ".hdf", ".h5", ".grib", ".wmf", ".emf", ".mpg", ".mpeg"}
    assert all(suffix == suffix.lower() for suffix in picture_suffixes())


@pytest.mark.parametrize(
    "name",
    ["with space (1) 100%.png", "Müller & Söhne.png", "写真.png", "🐶 muffin 🧁.png", "#'\"quotes'.png", "x" * 200],
)
def test_any_file_name_is_read(tmp_path, name):
    if os.name == "nt" and '"' in name:
        pytest.skip("Windows allows no such name")
    path = tmp_path / name
    path.write_bytes(as_bytes(painted(), "PNG"))
    assert far(open_picture(path), painted()) == 0
    assert far(open_picture(str(path)), painted()) == 0


# --- colours ---------------------------------------------------------------------------------------------------------


def test_colour_and_grey_come_out_exactly():
    assert far(open_picture(as_bytes(painted(), "PNG")), painted()) == 0
    grey = painted().convert("L")
    read = open_picture(as_bytes(grey, "PNG"))
    assert read.mode == "L" and far(read, grey) == 0
    assert open_picture(as_bytes(grey, "JPEG")).mode == "L"
    assert open_picture(as_bytes(grey.convert("1"), "PNG")).mode == "L"


@pytest.mark.parametrize("kind", ["JPEG", "WEBP", "TIFF", "BMP", "GIF", "PPM", "JPEG2000", "AVIF", "TGA", "QOI"])
def test_formats_look_alike(kind):
    read = open_picture(as_bytes(painted(), kind))
    assert read.mode == "RGB" and far(read, painted()) < 6


def test_heif_is_read_from_many_threads_at_once():
    pillow_heif = pytest.importorskip("pillow_heif")
    buffer = io.BytesIO()
    pillow_heif.from_pillow(painted(64, 48)).save(buffer, quality=90)
    with ThreadPoolExecutor(4) as pool:
        for read in pool.map(open_picture, [buffer.getvalue()] * 8):
            assert far(read, painted(64, 48)) < 6


@pytest.mark.parametrize("kind", ["JPEG", "TIFF"])
def test_ink_is_no_negative(kind):
    read = open_picture(as_bytes(painted().convert("CMYK"), kind))
    assert read.mode == "RGB" and far(read, painted()) < 6


def test_lab_becomes_rgb():
    read = open_picture(as_bytes(painted().convert("LAB"), "TIFF"))
    assert read.mode == "RGB" and far(read, painted()) < 4


def test_transparency_lies_on_white():
    ghost = painted().convert("RGBA")
    ghost.putalpha(Image.linear_gradient("L").resize(ghost.size))
    expected = Image.alpha_composite(Image.new("RGBA", ghost.size, "white"), ghost).convert("RGB")
    for kind, options in (("PNG", {}), ("WEBP", {"lossless": True, "exact": True}), ("TIFF", {})):
        read = open_picture(as_bytes(ghost, kind, **options))
        assert read.mode == "RGB" and far(read, expected) < 1, kind
    grey = open_picture(as_bytes(ghost.convert("LA"), "PNG"))
    assert grey.mode == "L" and far(grey, expected.convert("L")) < 1.5


def test_alpha_that_is_zero_everywhere_hides_nothing():
    unused = painted().convert("RGBA")
    unused.putalpha(0)
    assert far(open_picture(as_bytes(unused, "TGA")), painted()) == 0


@pytest.mark.parametrize("mode", ["P", "RGB", "L", "1"])
def test_a_colour_key_lies_on_white(mode):
    picture = Image.new("RGB", (8, 4), "black")
    picture.paste("white" if mode == "1" else (90, 90, 90), (4, 0, 8, 4))
    picture = picture.quantize(2) if mode == "P" else picture.convert(mode)
    black = picture.getpixel((0, 0))
    read = np.asarray(open_picture(as_bytes(picture, "PNG", transparency=black)).convert("L"))
    assert (read[:, :4] == 255).all()
    assert (read[:, 4:] == (255 if mode == "1" else 90)).all()


def test_a_palette_of_greys_is_grey():
    grey = Image.linear_gradient("L").resize((16, 16))
    palette = grey.convert("P", palette=Image.Palette.ADAPTIVE)
    assert open_picture(as_bytes(palette, "PNG")).mode == "L"
    assert open_picture(as_bytes(painted().quantize(8), "PNG")).mode == "RGB"


def test_the_first_frame_of_an_animation():
    others = [Image.new("RGB", (60, 40), "white")] * 2
    for kind, options in (("GIF", {}), ("PNG", {}), ("WEBP", {"lossless": True}), ("TIFF", {})):
        data = as_bytes(painted(), kind, save_all=True, append_images=others[:1], **options)
        assert far(open_picture(data), painted()) < 1, kind
        assert picture_facts(data).frames == 2, kind


# --- more than 8 bits ------------------------------------------------------------------------------------------------


def ramp(low: float, high: float, kind: type) -> np.ndarray:
    return np.linspace(low, high, 64 * 64).reshape(64, 64).astype(kind)


def keeps_order(pixels: np.ndarray) -> bool:
    return bool((np.diff(pixels.ravel().astype(int)) >= 0).all())


@pytest.mark.parametrize("kind", ["PNG", "TIFF", "PPM", "JPEG2000"])
def test_a_16_bit_ramp_is_scaled_not_clipped(kind):
    read = open_picture(as_bytes(Image.fromarray(ramp(0, 65535, np.uint16)), kind))
    pixels = np.asarray(read)
    assert read.mode == "L" and keeps_order(pixels)
    assert pixels.min() == 0 and pixels.max() == 255 and abs(pixels.mean() - 127.5) < 2


def test_a_16_bit_png_is_divided_by_257_whatever_it_holds():
    pixels = np.asarray(open_picture(as_bytes(Image.fromarray(ramp(0, 4095, np.uint16)), "PNG")))
    assert pixels.max() == round(4095 / 257)


@pytest.mark.parametrize(("highest", "white"), [(1000, 1023), (3000, 4095), (16000, 16383), (40000, 65535)])
def test_a_16_bit_tiff_is_taken_at_the_depth_its_values_need(highest, white):
    pixels = np.asarray(open_picture(as_bytes(Image.fromarray(ramp(0, highest, np.uint16)), "TIFF")))
    assert pixels.max() == round(highest * 255 / white) and keeps_order(pixels)


def test_a_tiff_may_say_how_bright_white_is():
    values = Image.fromarray(ramp(0, 500, np.uint16))
    pixels = np.asarray(open_picture(as_bytes(values, "TIFF", tiffinfo={281: 2000})))
    assert pixels.max() == round(500 * 255 / 2000)


def test_big_endian_and_white_is_zero():
    values = ramp(0, 65535, np.uint16)
    data = as_bytes(Image.fromarray(values), "TIFF")
    entry = struct.pack("<HHI", 262, 3, 1)  # PhotometricInterpretation, one short number
    at = data.index(entry) + len(entry)
    negative = data[:at] + struct.pack("<H", 0) + data[at + 2 :]
    assert far(np.asarray(open_picture(negative)), 255 - np.asarray(open_picture(data))) == 0
    motorola = Image.frombytes("I;16B", (64, 64), values.astype(">u2").tobytes())
    assert far(open_picture(as_bytes(motorola, "TIFF")), open_picture(data)) == 0


def test_a_16_bit_colour_key_lies_on_white():
    rows = b"\0" + struct.pack(">4H", 0, 1000, 30000, 65535)
    data = png_bytes(4, 1, 16, 0, rows, before=[(b"tRNS", struct.pack(">H", 1000))])
    assert np.asarray(open_picture(data)).tolist() == [[0, 255, 117, 255]]


@pytest.mark.parametrize(
    ("low", "high", "kind", "expected"),
    [
        (-2_000_000, 2_000_000, np.int32, (0, 255)),
        (0, 1, np.float32, (0, 255)),
        (0, 0.5, np.float32, (0, 128)),
        (0, 200, np.float32, (0, 200)),
        (-7, 9, np.float32, (0, 255)),
        (-3e38, 3e38, np.float32, (0, 255)),
    ],
)
def test_signed_and_float_values_are_scaled(low, high, kind, expected):
    pixels = np.asarray(open_picture(as_bytes(Image.fromarray(ramp(low, high, kind)), "TIFF")))
    assert (pixels.min(), pixels.max()) == expected and keeps_order(pixels)


def test_what_is_no_number_is_black_and_infinity_the_end_of_the_range():
    values = ramp(-1, 1, np.float32)
    values[10, :3] = np.nan, np.inf, -np.inf
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        pixels = np.asarray(open_picture(as_bytes(Image.fromarray(values), "TIFF")))
    assert pixels[10, :3].tolist() == [0, 255, 0]
    signalling = ramp(-1, 1, np.float32)
    signalling.view(np.uint32)[0, 0] = 0x7FA00000
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert np.asarray(open_picture(as_bytes(Image.fromarray(signalling), "TIFF")))[0, 0] == 0
    for hopeless in (np.nan, np.inf, 7e9):
        constant = Image.fromarray(np.full((4, 4), hopeless, np.float32))
        assert len(np.unique(np.asarray(open_picture(as_bytes(constant, "TIFF"))))) == 1


# --- orientation -----------------------------------------------------------------------------------------------------

UNDO = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_90,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_270,
}


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF"])
def test_every_orientation_comes_out_upright(orientation, kind):
    stored = painted() if orientation == 1 else painted().transpose(UNDO[orientation])
    exif = Image.Exif()
    exif[ORIENTATION] = orientation
    data = as_bytes(stored, kind, exif=exif)
    read = open_picture(data)
    assert read.size == (60, 40) and far(read, painted()) < 6
    facts = picture_facts(data)
    assert (facts.width, facts.height) == (60, 40)
    assert read.getexif().get(ORIENTATION, 1) == 1, "nobody may turn it a second time"


def test_orientation_behind_the_pixels_of_a_png():
    exif = Image.Exif()
    exif[ORIENTATION] = 6
    block = exif.tobytes().removeprefix(b"Exif\0\0")
    data = png_bytes(3, 1, 8, 0, b"\0\x00\x64\xff", after=[(b"eXIf", block)])
    assert np.asarray(open_picture(data)).tolist() == [[0], [100], [255]]
    assert picture_facts(data) == PictureFacts(1, 3, "PNG", "L", 1)


@pytest.mark.parametrize("tiff_part", [b"garbage", b"II*\0\xff\xff\xff\xff", b"MM\0*\0\0\0\x08\0\x09"])
def test_malformed_exif_does_not_cost_the_picture(tiff_part):
    data = as_bytes(painted(), "JPEG", exif=b"Exif\0\0" + tiff_part)
    assert far(open_picture(data), painted()) < 6
    assert picture_facts(data).width == 60


# --- sizes -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("orientation", [1, 6])
@pytest.mark.parametrize("at_least", [1, 40, 100, 150, 399, 400, 5000])
def test_a_jpeg_is_decoded_no_smaller_than_asked(at_least, orientation):
    exif = Image.Exif()
    exif[ORIENTATION] = orientation
    data = as_bytes(painted(1000, 403), "JPEG", exif=exif)
    read = open_picture(data, at_least=at_least)
    assert min(read.size) >= min(at_least, 403)
    assert (read.width > read.height) == (orientation == 1)
    if at_least <= 100:
        assert max(read.size) <= 250, "and much smaller than the file where that will do"


def test_the_three_fits():
    picture = Image.new("RGB", (40, 20), "white")
    picture.paste("red", (0, 0, 10, 20))
    picture.paste("blue", (30, 0, 40, 20))
    crop, pad, squeeze = (to_array(picture, 20, 20, "rgb", fit) for fit in ("crop", "pad", "squeeze"))
    assert (crop == 255).all()
    assert (
        (pad[:5] == 0).all() and (pad[15:] == 0).all() and (pad[5:15] == to_array(picture, 10, 20, "rgb", "crop")).all()
    )
    assert squeeze[0, 0].tolist() == [255, 0, 0] and squeeze[0, 19].tolist() == [0, 0, 255]
    with pytest.raises(ValueError, match="fit"):
        to_array(picture, 20, 20, "rgb", "stretch")


@pytest.mark.parametrize("fit", ["crop", "pad", "squeeze"])
@pytest.mark.parametrize("size", [(1, 1), (3000, 2), (1, 2500), (37, 91), (64, 64)])
@pytest.mark.parametrize("colour", ["rgb", "grey"])
def test_any_size_gives_the_frame(size, fit, colour):
    for mode in ("RGB", "L"):
        array = to_array(Image.new(mode, size, "white"), 33, 57, colour, fit)
        assert array.shape == (33, 57, 3 if colour == "rgb" else 1) and array.dtype == np.uint8
        assert array[16, 28].min() == 255 and (fit == "pad" or array.min() == 255)


def test_the_array_is_written_where_asked():
    room = np.full((2, 30, 30, 1), 7, np.uint8)
    given = to_array(painted(), 30, 30, "grey", "crop", out=room[1])
    assert given is not room and np.shares_memory(given, room) and (room[0] == 7).all() and room[1].std() > 0
    with pytest.raises(ValueError, match="out must be"):
        to_array(painted(), 30, 30, "rgb", "crop", out=room[1])


def test_scaling_down_is_antialiased():
    checks = Image.fromarray(np.indices((512, 512)).sum(axis=0).astype(np.uint8) % 2 * 255)
    array = to_array(checks, 50, 50, "grey", "squeeze")
    assert abs(array.mean() - 127.5) < 2 and array.std() < 6


def test_read_array_agrees_with_the_full_picture():
    data = as_bytes(painted(800, 600), "JPEG")
    for colour in ("rgb", "grey"):
        full = to_array(open_picture(data), 64, 64, colour, "crop")
        assert far(read_array(data, 64, 64, colour, "crop"), full) < 2


def test_thumbnails_are_rgb_and_never_enlarged():
    small = sample_thumbnail(as_bytes(painted(600, 300).convert("L"), "JPEG"), 100)
    assert small.mode == "RGB" and small.size == (100, 50)
    assert sample_thumbnail(as_bytes(painted(20, 10), "PNG"), 100).size == (20, 10)


def test_facts_need_no_pixels():
    data = as_bytes(painted(640, 480), "JPEG")
    assert picture_facts(data[:800]) == PictureFacts(640, 480, "JPEG", "RGB", 1)
    assert "cut off" in refused(data[:800]).why


# --- what is no picture ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "keyword"),
    [
        (b"", "0 bytes"),
        (bytes(6000), "zero bytes"),
        (b"<!DOCTYPE html><html><body>404</body></html>", "web page"),
        (b"\xef\xbb\xbf\n <HTML>", "web page"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 12\n", "git-lfs"),
        (b"<?xml version='1.0'?><svg xmlns='http://www.w3.org/2000/svg'/>", "SVG"),
        (b'{"error": "not found"}', "text file"),
        ("Wörter, keine Bilder\n".encode(), "text file"),
        (b"%PDF-1.7\n%\xe2\xe3", "PDF"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", "PostScript"),
        (b"PK\x03\x04\x14\0\0\0", "zip"),
        (b"\0\0\0\x18ftypisom\0\0\0\0", "film"),
        (b"\0\x05\x16\x07\0\x02\0\0Mac OS X        ", "macOS"),
        (b"\x89PNG\r\n\x1a\n\0\0\0\0", "begins like a PNG"),
        (b"II*\0\x08\0\0\0\xff\xff", "TIFF"),
        (b"\x01\x02\x03\x04\x99 whatever", "no picture format"),
    ],
)
def test_what_is_no_picture_says_what_it_is(tmp_path, content, keyword):
    path = tmp_path / "holiday.jpg"
    path.write_bytes(content)
    error = refused(path)
    assert keyword in error.why and "holiday.jpg" in error.what
    assert keyword in refused(content).why


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF", "PPM"])
def test_a_cut_file_is_an_error_not_half_a_picture(kind):
    noise = Image.fromarray(np.random.default_rng(0).integers(0, 255, (64, 64, 3), np.uint8))
    data = as_bytes(noise, kind)
    assert refused(data[: len(data) * 6 // 10]).why
    assert open_picture(data).size == (64, 64)


def test_a_tiff_with_too_few_strips_is_cut_off():
    data = as_bytes(painted(), "TIFF")
    at = data.index(struct.pack("<HHI", 257, 4, 1)) + 8  # ImageLength
    assert struct.unpack_from("<I", data, at) == (40,)
    assert "cut off" in refused(data[:at] + struct.pack("<I", 4000) + data[at + 4 :]).why


def test_damaged_and_cut_are_told_apart():
    data = as_bytes(painted(), "PNG")
    at = data.index(b"IDAT") + 10
    assert "damaged" in refused(data[:at] + b"\xff\0\xff\0" + data[at + 4 :]).why
    assert "cut off" in refused(as_bytes(painted(), "JPEG")[:-30]).why


def test_a_picture_that_claims_too_much_is_refused_from_its_header():
    rows = zlib.compress(bytes(100))
    error = refused(png_bytes(20_000, 20_000, 1, 0, rows))
    assert "400 megapixels" in error.why and "200 megapixels" in error.why
    over = png_bytes(20_000, MAX_PIXELS // 20_000 + 1, 1, 0, rows)
    assert "megapixels" in refused(over).why
    allowed = png_bytes(20_000, MAX_PIXELS // 20_000, 1, 0, rows)
    assert picture_facts(allowed).height == MAX_PIXELS // 20_000


def test_places_that_hold_no_picture(tmp_path):
    assert "not there" in refused(tmp_path / "gone.png").why
    assert "folder" in refused(tmp_path).why
    blocked = tmp_path / "file"
    blocked.write_bytes(b"x")
    assert "not there" in refused(blocked / "a.png").why
    assert "longer than" in refused(tmp_path / ("x" * 3000)).why or os.name == "nt"


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes on this system")
def test_links_and_pipes_neither_hang_nor_crash(tmp_path):
    os.mkfifo(tmp_path / "pipe.png")
    assert "pipe" in refused(tmp_path / "pipe.png").why
    (tmp_path / "loop.png").symlink_to("loop.png")
    assert "points to itself" in refused(tmp_path / "loop.png").why


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may read everything")
def test_a_file_without_permission(tmp_path):
    path = tmp_path / "secret.png"
    path.write_bytes(as_bytes(painted(), "PNG"))
    path.chmod(0)
    assert "permission" in refused(path).why


def test_missing_permission_has_its_sentence(tmp_path, monkeypatch):
    def forbidden(path):
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr("engine.data.pictures.os.stat", forbidden)
    assert "permission" in refused("secret.png").why


# --- threads and warnings --------------------------------------------------------------------------------------------


def test_pillow_stays_silent_in_every_thread(capfd):
    """Metadata that makes Pillow warn: a palette with several half-transparent entries, a TIFF tag beyond the file."""
    odd = as_bytes(painted().quantize(4), "PNG", transparency=b"\x00\x40\x80\xff")
    tiff = as_bytes(painted(), "TIFF", tiffinfo={270: "x" * 40})
    at = tiff.index(struct.pack("<HH", 270, 2)) + 4
    broken_tag = tiff[:at] + struct.pack("<I", 1 << 24) + tiff[at + 4 :]
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        with pytest.warns(UserWarning, match="Tag data larger"):
            Image.open(io.BytesIO(broken_tag)).load()
        with ThreadPoolExecutor(4) as pool:
            sizes = {picture.size for picture in pool.map(open_picture, [odd, broken_tag] * 20)}
    assert sizes == {(60, 40)} and not caught
    assert capfd.readouterr().err == ""


def test_silencing_leaves_one_filter_and_other_warnings_alone():
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        silence_pillow()
        before = len(warnings.filters)
        silence_pillow()
        assert len(warnings.filters) == before
        warnings.warn("ours", UserWarning, stacklevel=1)
    assert [str(warning.message) for warning in caught] == ["ours"]


def test_many_threads_read_the_same(tmp_path):
    path = tmp_path / "a.jpg"
    path.write_bytes(as_bytes(painted(400, 300), "JPEG"))
    start = threading.Barrier(4)

    def read(_: int) -> np.ndarray:
        start.wait(timeout=10)
        return read_array(path, 32, 32, "rgb", "crop")

    with ThreadPoolExecutor(4) as pool:
        first, *others = pool.map(read, range(4))
    assert all((first == other).all() for other in others)
