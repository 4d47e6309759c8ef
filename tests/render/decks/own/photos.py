#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
#
# Draws assets/*.jpg and .webp of photo_grid.html: skies over hills, so that no picture needs a licence.
# usage: photos.py      needs Pillow and numpy; the files are kept in the tree

import pathlib

import numpy
from PIL import Image

SCENES = {
    "harbour.jpg": ((900, 600), (28, 78, 128), (250, 190, 120), 3),
    "ridge.jpg": ((600, 900), (70, 40, 110), (255, 150, 110), 5),
    "meadow.jpg": ((800, 800), (120, 190, 230), (235, 245, 215), 7),
    "dunes.jpg": ((900, 600), (240, 170, 90), (255, 235, 190), 11),
    "night.webp": ((1000, 500), (8, 12, 40), (70, 60, 120), 13),
}


def scene(size, top, bottom, seed):
    width, height = size
    y, x = numpy.mgrid[0:height, 0:width].astype(float)
    y /= height
    x /= width
    sky = numpy.array(top) + (numpy.array(bottom) - numpy.array(top)) * y[..., None]
    for layer in range(4):
        shade = numpy.array(top) * (0.75 - 0.17 * layer)
        edge = 0.5 + 0.12 * layer + 0.06 * numpy.sin(x * (4 + layer + seed) + seed * (layer + 1)) + 0.02 * numpy.sin(x * 23 * (layer + 1) + seed)
        sky = numpy.where((y > edge)[..., None], shade, sky)
    return Image.fromarray(sky.clip(0, 255).astype("uint8"), "RGB")


folder = pathlib.Path(__file__).resolve().parent / "assets"
for name, (size, top, bottom, seed) in SCENES.items():
    scene(size, top, bottom, seed).save(folder / name, quality=80)
