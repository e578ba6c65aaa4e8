#!/usr/bin/python3
"""Writes JPEG images for testing the decoder, and the pixels that PIL (python3-pil) decodes from them.

The images are tests/fuzz/seeds/jpeg/NAME.jpg, which also serve as seeds of a fuzz target. tests/data/goldens holds
NAME.rgb, the pixels [30, 44, 3], and NAME-box.rgb, the box of 25 x 20 pixels at (9, 5) resized bilinearly to
[16, 16, 3].
"""
import argparse
import math
import pathlib

from PIL import Image

TESTS = pathlib.Path(__file__).resolve().parent.parent / "tests"
WIDTH, HEIGHT = 44, 30
BOX = (9, 5, 34, 25)


def picture():
    """Draws smooth colours with an edge and a line."""
    image = Image.new("RGB", (WIDTH, HEIGHT))
    for y in range(HEIGHT):
        for x in range(WIDTH):
            wave = math.sin(x / 5) * math.cos(y / 7)
            colour = (128 + 100 * wave, 40 + 4 * x, 250 - 7 * y)
            if x + 2 * y > 70:
                colour = (20 + x, 230 - 3 * y, 90)
            if y == 11:
                colour = (255, 255, 255)
            image.putpixel((x, y), tuple(int(value) for value in colour))
    return image


def main():
    argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter).parse_args()
    image = picture()
    cyan, magenta, yellow = (band.point(lambda v: 255 - v) for band in image.split())
    black = image.convert("L").point(lambda v: (255 - v) // 3)
    variants = {
        "baseline": (image, dict(quality=85)),
        "progressive": (image, dict(quality=80, progressive=True, subsampling="4:4:4")),
        "grey": (image.convert("L"), dict(quality=90)),
        "cmyk": (Image.merge("CMYK", (cyan, magenta, yellow, black)), dict(quality=85)),
        "restarts": (image, dict(quality=60, subsampling="4:2:2", restart_marker_blocks=2)),
    }
    seeds, goldens = TESTS / "fuzz/seeds/jpeg", TESTS / "data/goldens"
    for folder in (seeds, goldens):
        folder.mkdir(parents=True, exist_ok=True)
    for name, (source, options) in variants.items():
        file = seeds / (name + ".jpg")
        source.save(file, "JPEG", **options)
        pixels = Image.open(file).convert("RGB")
        (goldens / (name + ".rgb")).write_bytes(pixels.tobytes())
        (goldens / (name + "-box.rgb")).write_bytes(pixels.crop(BOX).resize((16, 16), Image.BILINEAR).tobytes())


if __name__ == "__main__":
    main()
