"""What people bring: odd but good files are taken, bad ones are refused in words that help."""

from __future__ import annotations

import struct
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageCms

from lipsync_core.decode import (
    SPEECH_RATE,
    check_video,
    image_facts,
    load_image,
    speech_blocks,
    voice_facts,
    write_jpeg,
)
from lipsync_core.errors import MediaError
from tests import corpus

Seen = tuple[int, int, int]
QUARTERS = (corpus.TOP_LEFT, corpus.TOP_RIGHT, corpus.BOTTOM_LEFT, corpus.BOTTOM_RIGHT)


@pytest.fixture
def file(tmp_path: Path) -> Callable[[str, bytes], Path]:
    """Writes a file of the given name and bytes."""

    def write(name: str, data: bytes) -> Path:
        path = tmp_path / name
        path.write_bytes(data)
        return path

    return write


def refusal(function: Callable[[Path], Any], path: Path) -> MediaError:
    with pytest.raises(MediaError) as caught:
        function(path)
    assert f"“{path.name}”" in caught.value.advice
    return caught.value


def quarters(path: Path) -> tuple[Seen, Seen, Seen, Seen]:
    """The colours in the middle of each quarter, row by row."""
    pixels = load_image(path)
    assert pixels.dtype == np.uint8
    height, width, _ = pixels.shape
    assert (width, height) == ((facts := image_facts(path)).width, facts.height)
    seen = [
        tuple(int(value) for value in pixels[y, x])
        for y in (height // 4, 3 * height // 4)
        for x in (width // 4, 3 * width // 4)
    ]
    return seen[0], seen[1], seen[2], seen[3]  # type: ignore[return-value] # pixels have three channels


def assert_alike(seen: tuple[Seen, ...], wanted: tuple[Seen, ...], tolerance: int) -> None:
    difference = np.abs(np.subtract(seen, wanted)).max()
    assert difference <= tolerance, f"{seen} instead of {wanted}"


def heard(path: Path) -> np.ndarray[Any, np.dtype[np.float32]]:
    return np.concatenate(list(speech_blocks(path)))


# Pictures that are taken


@pytest.mark.parametrize(
    ("made", "mime", "tolerance"),
    [
        pytest.param(lambda: corpus.png(), "image/png", 0, id="png"),
        pytest.param(lambda: corpus.jpeg(), "image/jpeg", 3, id="jpeg"),
        pytest.param(lambda: corpus.picture("WEBP"), "image/webp", 6, id="webp"),
        pytest.param(lambda: corpus.picture("AVIF"), "image/avif", 6, id="avif"),
        pytest.param(lambda: corpus.picture("BMP"), "image/bmp", 0, id="bmp"),
        pytest.param(lambda: corpus.picture("TIFF"), "image/tiff", 0, id="tiff"),
        pytest.param(lambda: corpus.jpeg(mode="CMYK"), "image/jpeg", 4, id="cmyk jpeg"),
        pytest.param(lambda: corpus.picture("TIFF", "CMYK"), "image/tiff", 2, id="cmyk tiff"),
        pytest.param(lambda: corpus.picture("TIFF", "LAB"), "image/tiff", 8, id="lab"),
        pytest.param(lambda: corpus.rgb_png_16(), "image/png", 0, id="16-bit"),
        pytest.param(lambda: corpus.png(mode="P"), "image/png", 40, id="palette of web colours"),
        pytest.param(lambda: corpus.png(mode="RGBA"), "image/png", 0, id="opaque alpha"),
        pytest.param(lambda: corpus.animated("GIF"), "image/gif", 2, id="animated gif"),
        pytest.param(lambda: corpus.animated("WEBP"), "image/webp", 6, id="animated webp"),
        pytest.param(lambda: corpus.animated("PNG"), "image/png", 0, id="animated png"),
        pytest.param(lambda: corpus.animated("MPO"), "image/jpeg", 4, id="phone jpeg with a second picture"),
        pytest.param(lambda: corpus.heic_photo(), "image/heic", 4, id="an iPhone’s photo"),
    ],
)
def test_a_picture_of_any_usual_kind_shows_its_colours(
    made: Callable[[], bytes], mime: str, tolerance: int, file: Callable[[str, bytes], Path]
) -> None:
    path = file("face", made())
    assert_alike(quarters(path), QUARTERS, tolerance)
    assert image_facts(path).mime == mime


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_turned_photo_stands_upright(orientation: int, file: Callable[[str, bytes], Path]) -> None:
    path = file("phone.jpg", corpus.jpeg(320, 240, orientation=orientation))
    assert (image_facts(path).width, image_facts(path).height) == (320, 240)
    assert_alike(quarters(path), QUARTERS, 4)


def test_what_is_transparent_is_white(file: Callable[[str, bytes], Path]) -> None:
    white = (255, 255, 255)
    assert quarters(file("cut-out.png", corpus.see_through_png())) == (corpus.TOP_LEFT, white) * 2


def test_a_16_bit_grey_picture_keeps_its_greys(file: Callable[[str, bytes], Path]) -> None:
    row = load_image(file("scan.png", corpus.grey_png_16()))[0, :, 0].astype(int)
    assert np.abs(row - np.linspace(0, 255, 320)).max() <= 1


def test_a_colour_profile_is_obeyed(file: Callable[[str, bytes], Path]) -> None:
    # The profile of a screen whose red and blue are exchanged: what is stored as red is meant to be blue.
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    exchanged = bytearray(srgb)
    red, blue = srgb.index(b"rXYZ"), srgb.index(b"bXYZ")
    exchanged[red : red + 4], exchanged[blue : blue + 4] = b"bXYZ", b"rXYZ"
    path = file("wide.png", corpus.saved(Image.new("RGB", (64, 64), (255, 0, 0)), icc_profile=bytes(exchanged)))
    assert tuple(load_image(path)[0, 0]) == (0, 0, 255)


def test_an_iphone_s_photo_stands_upright(file: Callable[[str, bytes], Path]) -> None:
    path = file("IMG_1", corpus.heic_photo(turned=1))
    turned = (corpus.TOP_RIGHT, corpus.BOTTOM_RIGHT, corpus.TOP_LEFT, corpus.BOTTOM_LEFT)
    assert (image_facts(path).width, image_facts(path).height) == (240, 320)
    assert_alike(quarters(path), turned, 4)


# The quarters' colours, meant as Display P3, in sRGB: by the matrices and the curve of CSS Color 4, 17.
IN_SRGB = ((240, 0, 21), (0, 204, 12), (47, 60, 218), (240, 240, 240))
_P3 = struct.pack(">HHHB", 12, 13, 6, 0)


@pytest.mark.parametrize(
    ("made", "tolerance"),
    [
        pytest.param(lambda: corpus.picture(icc_profile=corpus.p3_profile()), 3, id="a profile in a PNG"),
        pytest.param(
            lambda: corpus.picture("JPEG", quality=95, subsampling=0, icc_profile=corpus.p3_profile()),
            6,
            id="a profile in a JPEG",
        ),
        pytest.param(lambda: corpus.heic_photo(colour=b"nclx" + _P3), 6, id="codes in a HEIC photo"),
        pytest.param(
            lambda: corpus.heic_photo(colour=b"prof" + corpus.p3_profile()), 8, id="a profile in a HEIC photo"
        ),
        pytest.param(lambda: corpus.png_noting(b"cICP", bytes([12, 13, 0, 1])), 3, id="codes in a PNG"),
    ],
)
def test_a_wide_gamut_photo_is_shown_in_a_screen_s_colours(
    made: Callable[[], bytes], tolerance: int, file: Callable[[str, bytes], Path]
) -> None:
    path = file("photo", made())
    assert_alike(quarters(path), IN_SRGB, tolerance)
    assert image_facts(path).unlike
    write_jpeg(path, path.with_suffix(".jpg"))
    assert_alike(quarters(path.with_suffix(".jpg")), IN_SRGB, tolerance + 4)
    assert image_facts(path.with_suffix(".jpg")).unlike == ""


@pytest.mark.parametrize(
    ("made", "unlike"),
    [
        pytest.param(lambda: corpus.png(), "", id="png"),
        pytest.param(lambda: corpus.jpeg(), "", id="jpeg"),
        pytest.param(lambda: corpus.picture("PNG", "RGBA"), "", id="opaque alpha"),
        pytest.param(
            lambda: corpus.picture(icc_profile=ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()),
            "",
            id="srgb's own profile",
        ),
        pytest.param(lambda: corpus.jpeg(mode="CMYK"), "has colours for print", id="cmyk"),
        pytest.param(lambda: corpus.jpeg(orientation=6), "is stored turned", id="turned"),
        pytest.param(lambda: corpus.see_through_png(), "has transparent parts", id="transparent"),
        pytest.param(
            lambda: corpus.picture(icc_profile=corpus.p3_profile()), "has the colours of a wider gamut", id="wide"
        ),
        pytest.param(lambda: corpus.heic_photo(), "is a HEIC photo, which few programs can read", id="heic"),
    ],
)
def test_a_picture_that_careless_programs_misread_is_known_as_one(
    made: Callable[[], bytes], unlike: str, file: Callable[[str, bytes], Path]
) -> None:
    assert image_facts(file("face", made())).unlike == unlike


def test_a_broken_colour_profile_is_ignored(file: Callable[[str, bytes], Path]) -> None:
    path = file("odd.png", corpus.picture(icc_profile=b"not a profile"))
    assert quarters(path) == QUARTERS


# Pictures that are refused


@pytest.mark.parametrize(
    ("name", "made", "title", "words"),
    [
        ("face.png", bytes, "Empty file", "is empty"),
        ("face.jpg", lambda: corpus.text(), "Not a picture", "is a text file"),
        ("face.jpg", lambda: corpus.html(), "Not a picture", "is a web page"),
        ("face.jpg", lambda: corpus.noise(), "Not a picture", "does not know"),
        ("voice.png", lambda: corpus.wav(), "Not a picture", "is a sound file (WAV)"),
        ("film.png", lambda: corpus.video(0.2), "Not a picture", "is a video"),
        ("logo.svg", lambda: corpus.svg(), "SVG drawings cannot be used", "Export “logo.svg” as PNG"),
        ("IMG_1.heic", lambda: corpus.heic(), "Damaged picture", "“IMG_1.heic” cannot be decoded"),
        ("face.jxl", lambda: corpus.jxl(), "JPEG XL pictures cannot be read here", "Export “face.jxl” as JPEG or PNG"),
        ("face.png", lambda: corpus.jxl(boxed=True), "JPEG XL pictures cannot be read here", "Export “face.png”"),
        ("cut.png", lambda: corpus.truncated(corpus.png()), "Damaged picture", "ends before the picture is complete"),
        ("cut.jpg", lambda: corpus.truncated(corpus.jpeg()), "Damaged picture", "ends before the picture is complete"),
        ("head.png", lambda: corpus.png()[:20], "Damaged picture", "ends before the picture is complete"),
        ("bomb.png", lambda: corpus.bomb(), "Picture too large", "is 50,000 × 50,000 pixels"),
        ("bomb.png", lambda: corpus.bomb(8_000, 7_000), "Picture too large", "is 8,000 × 7,000 pixels"),
        ("dot.png", lambda: corpus.png(1, 1), "Picture too small", "is 1 × 1 pixels"),
        ("line.png", lambda: corpus.png(2_000, 20), "Picture too small", "is 2000 × 20 pixels"),
    ],
)
def test_a_bad_picture_is_refused_with_advice(
    name: str, made: Callable[[], bytes], title: str, words: str, file: Callable[[str, bytes], Path]
) -> None:
    path = file(name, made())
    for look in (image_facts, load_image):
        error = refusal(look, path)
        assert error.title == title
        assert words in error.advice


def test_a_bomb_is_refused_before_its_pixels_are_made(file: Callable[[str, bytes], Path]) -> None:
    script = (
        "import pathlib, resource, sys\n"
        "from lipsync_core.decode import image_facts\n"
        "before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        "try: image_facts(pathlib.Path(sys.argv[1]))\n"
        "except Exception as error: print(type(error).__name__)\n"
        "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)\n"
    )
    path = file("bomb.png", corpus.bomb())
    root = Path(__file__).parents[3]
    done = subprocess.run([sys.executable, "-c", script, path], cwd=root, capture_output=True, text=True, check=True)
    name, grown_kb = done.stdout.split()
    assert name == "MediaError"
    assert int(grown_kb) < 50_000


# Voices that are taken


@pytest.mark.parametrize(
    ("made", "codec", "mime", "rate", "channels"),
    [
        pytest.param(lambda: corpus.wav(2.5, bits=8), "pcm_u8", "audio/wav", 16_000, 1, id="8-bit wav"),
        pytest.param(lambda: corpus.wav(2.5), "pcm_s16le", "audio/wav", 16_000, 1, id="16-bit wav"),
        pytest.param(lambda: corpus.wav(2.5, bits=24), "pcm_s24le", "audio/wav", 16_000, 1, id="24-bit wav"),
        pytest.param(lambda: corpus.wav(2.5, bits=32), "pcm_s32le", "audio/wav", 16_000, 1, id="32-bit wav"),
        pytest.param(lambda: corpus.sound(seconds=2.5), "pcm_f32le", "audio/wav", 48_000, 1, id="float wav"),
        pytest.param(lambda: corpus.wav(2.5, 7_350), "pcm_s16le", "audio/wav", 7_350, 1, id="7,350 Hz"),
        pytest.param(lambda: corpus.wav(2.5, 11_025), "pcm_s16le", "audio/wav", 11_025, 1, id="11,025 Hz"),
        pytest.param(lambda: corpus.wav(2.5, 96_000), "pcm_s16le", "audio/wav", 96_000, 1, id="96,000 Hz"),
        pytest.param(lambda: corpus.wav(2.5, channels=2), "pcm_s16le", "audio/wav", 16_000, 2, id="stereo"),
        pytest.param(lambda: corpus.wav(2.5, channels=6), "pcm_s16le", "audio/wav", 16_000, 6, id="5.1"),
        pytest.param(lambda: corpus.streamed_wav(2.5), "pcm_s16le", "audio/wav", 16_000, 1, id="wav of unknown size"),
        pytest.param(lambda: corpus.mp3(2.5), "mp3", "audio/mpeg", 44_100, 1, id="mp3"),
        pytest.param(lambda: corpus.headless_mp3(2.5), "mp3", "audio/mpeg", 44_100, 1, id="mp3 without a count"),
        pytest.param(lambda: corpus.m4a(2.5, layout="stereo"), "aac", "audio/mp4", 44_100, 2, id="m4a"),
        pytest.param(lambda: corpus.ogg(2.5), "opus", "audio/ogg", 48_000, 1, id="opus"),
        pytest.param(lambda: corpus.ogg(2.5, "vorbis"), "vorbis", "audio/ogg", 48_000, 2, id="vorbis"),
        pytest.param(lambda: corpus.flac(2.5, layout="5.1"), "flac", "audio/flac", 44_100, 6, id="flac in 5.1"),
        pytest.param(lambda: corpus.sound("adts", "aac", 2.5), "aac", "audio/aac", 48_000, 1, id="bare aac"),
        pytest.param(lambda: corpus.sound("webm", "libopus", 2.5), "opus", "audio/webm", 48_000, 1, id="webm"),
        pytest.param(lambda: corpus.video(2.5), "aac", "video/mp4", 48_000, 1, id="film with sound"),
        pytest.param(lambda: corpus.video(2.5, format="webm"), "opus", "video/webm", 48_000, 1, id="webm film"),
    ],
)
def test_a_voice_of_any_usual_kind_is_heard_at_its_true_length(
    made: Callable[[], bytes], codec: str, mime: str, rate: int, channels: int, file: Callable[[str, bytes], Path]
) -> None:
    path = file("voice", made())
    facts = voice_facts(path)
    assert (facts.codec, facts.mime, facts.sample_rate, facts.channels) == (codec, mime, rate, channels)
    assert facts.duration_s == pytest.approx(2.5, abs=0.05)
    samples = heard(path)
    assert len(samples) == pytest.approx(facts.duration_s * SPEECH_RATE, abs=2)
    # The corpus sings one note, a third as loud as can be: neither pitch nor loudness may change on the way.
    middle = samples[SPEECH_RATE // 2 : SPEECH_RATE // 2 + SPEECH_RATE]
    assert np.argmax(np.abs(np.fft.rfft(middle))) == corpus.TONE_HZ
    assert np.sqrt(np.mean(middle**2)) == pytest.approx(0.3 / np.sqrt(2), rel=0.1)


def test_a_voice_streams_in_blocks_of_a_second(file: Callable[[str, bytes], Path]) -> None:
    blocks = list(speech_blocks(file("voice.wav", corpus.wav(3.25, 48_000))))
    assert [len(block) for block in blocks] == [16_000, 16_000, 16_000, 4_000]
    assert all(block.dtype == np.float32 for block in blocks)


def test_ten_minutes_are_not_too_long(file: Callable[[str, bytes], Path]) -> None:
    assert voice_facts(file("ten.wav", corpus.wav(600, 8_000))).duration_s == 600.0


def test_an_mp3_without_its_last_partial_frame_is_taken(file: Callable[[str, bytes], Path]) -> None:
    facts = voice_facts(file("nearly.mp3", corpus.mp3(5)[:-150]))
    assert facts.duration_s == pytest.approx(5, abs=0.1)


def test_infinite_samples_become_silence_or_full_scale(file: Callable[[str, bytes], Path]) -> None:
    data = bytearray(corpus.sound(seconds=1.0))
    data[20_000:20_012] = np.array([np.nan, np.inf, -np.inf], "<f4").tobytes()
    samples = heard(file("wild.wav", bytes(data)))
    assert np.isfinite(samples).all()
    assert np.abs(samples).max() <= 1


# Voices that are refused


@pytest.mark.parametrize(
    ("name", "made", "title", "words"),
    [
        ("voice.wav", bytes, "Empty file", "is empty"),
        ("voice.wav", lambda: corpus.text(), "Not a sound file", "is a text file"),
        ("voice.mp3", lambda: corpus.html(), "Not a sound file", "is a web page"),
        ("voice.mp3", lambda: corpus.noise(200_000), "Not a sound file", "does not know"),
        ("voice.wav", lambda: corpus.png(), "Not a sound file", "is a picture (PNG). Choose WAV, MP3"),
        ("voice.m4a", lambda: corpus.heic(), "Not a sound file", "is a HEIC photo"),
        ("voice.mp3", lambda: corpus.jxl(), "Not a sound file", "is a picture (JPEG XL)"),
        ("none.wav", lambda: corpus.wav(0), "No speech in it", "lasts 0.00 seconds"),
        ("click.wav", lambda: corpus.wav(0.01), "No speech in it", "lasts 0.01 seconds"),
        ("cut.mp3", lambda: corpus.truncated(corpus.mp3(5)), "Damaged sound file", "stops after 2.5 s of 5.0 s"),
        ("cut.m4a", lambda: corpus.truncated(corpus.m4a(5)), "Damaged sound file", "s of 5.0 s"),
        ("cut.mp4", lambda: corpus.truncated(corpus.video(5)), "Damaged sound file", "s of 5.0 s"),
        ("cut.webm", lambda: corpus.truncated(corpus.video(5, format="webm")), "Damaged sound file", "s of 5.0 s"),
        ("cut.wav", lambda: corpus.truncated(corpus.wav(5)), "Damaged sound file", "stops after 2.5 s of 5.0 s"),
        ("cut.flac", lambda: corpus.truncated(corpus.flac(5)), "Damaged sound file", "s of 5.0 s"),
        ("cut.ogg", lambda: corpus.truncated(corpus.ogg(5)), "Damaged sound file", "is cut off"),
        ("index.m4a", lambda: corpus.truncated(corpus.sound("ipod", "aac", 5)), "Sound cannot be read", "damaged"),
        ("long.wav", lambda: corpus.wav(725, 4_000), "Voice too long", "lasts 12 min 5 s"),
        ("long.mp3", lambda: corpus.headless_mp3(601, 8_000), "Voice too long", "longer than 10 minutes"),
        ("film.mp4", lambda: corpus.video(0.5, with_sound=False), "Video without sound", "has no sound in it"),
        ("voice.au", lambda: corpus.sound("au", "pcm_s16be"), "Not a sound file", "does not know"),
        ("slow.wav", lambda: corpus.wav(9, 100), "Sound cannot be used", "a sample rate of 100 Hz"),
    ],
)
def test_a_bad_voice_is_refused_with_advice(
    name: str, made: Callable[[], bytes], title: str, words: str, file: Callable[[str, bytes], Path]
) -> None:
    path = file(name, made())
    for listen in (voice_facts, heard):
        error = refusal(listen, path)
        assert error.title == title
        assert words in error.advice


@pytest.mark.parametrize("make", [corpus.playlist, corpus.concat_list])
def test_a_list_of_other_files_is_never_followed(
    make: Callable[[str], bytes], file: Callable[[str, bytes], Path]
) -> None:
    secret = file("secret.wav", corpus.wav(1))
    for link in (str(secret), secret.as_uri(), secret.name, f"concat:{secret}"):
        assert refusal(voice_facts, file("list.mp3", make(link))).title == "Not a sound file"


def test_advice_names_the_file_as_the_person_does(file: Callable[[str, bytes], Path]) -> None:
    path = file("1f3a9c", corpus.png())
    with pytest.raises(MediaError, match=r"“Grüße an Anna\.wav” is a picture"):
        voice_facts(path, name="Grüße an Anna.wav")
    with pytest.raises(MediaError) as caught:
        voice_facts(path, name="a\u202eb\nc" + "x" * 500)
    assert "“abcxxx" in caught.value.advice
    assert len(caught.value.advice) < 200


# Videos that came back


@pytest.mark.parametrize("format", ["mp4", "webm"])
def test_a_video_that_plays_is_told_by_its_facts(format: Any, file: Callable[[str, bytes], Path]) -> None:
    facts = check_video(file("done", corpus.video(2, format=format)))
    assert (facts.width, facts.height, facts.has_sound) == (160, 120, True)
    assert facts.duration_s == pytest.approx(2, abs=0.02)
    assert facts.fps == pytest.approx(25, abs=0.3)


@pytest.mark.parametrize(
    ("made", "title"),
    [
        (bytes, "Empty file"),
        (lambda: corpus.html(), "Not a video"),
        (lambda: corpus.noise(), "Not a video"),
        (lambda: corpus.png(), "Not a video"),
        (lambda: corpus.m4a(), "Not a video"),
        (lambda: corpus.truncated(corpus.video(5)), "Damaged video"),
        (lambda: corpus.truncated(corpus.video(10), 0.95), "Damaged video"),
        (lambda: corpus.truncated(corpus.video(5, format="webm")), "Damaged video"),
        (lambda: corpus.video(1)[:200], "Damaged video"),
    ],
)
def test_a_video_that_does_not_play_to_its_end_is_refused(
    made: Callable[[], bytes], title: str, file: Callable[[str, bytes], Path]
) -> None:
    assert refusal(check_video, file("done.mp4", made())).title == title
