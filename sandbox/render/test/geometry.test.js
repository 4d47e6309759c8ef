// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { clipped } from '../pptx/clip.js';
import { Frame, degrees } from '../pptx/frame.js';
import { cut, geometryXml, isConvex, shapePolygons } from '../pptx/geometry.js';
import { colorXml, effectsXml, fillXml, gradientFill, lineXml } from '../pptx/paint.js';
import { shape } from './support/deck.js';

const frame = new Frame(1920, 1080);
const BLACK = [0, 0, 0, 1];

test('frame: a pixel is 6350 EMU and half a point; other sizes fit', () => {
  assert.equal(frame.emu(1), 6350);
  assert.equal(frame.points(40), 2000);
  const tall = new Frame(1080, 1920);
  assert.equal(tall.top, 0);
  assert.ok(tall.left > 0);
  assert.equal(degrees(-90), 270 * 60000);
});

test('colours and alpha', () => {
  assert.equal(colorXml([255, 128, 0, 1]), '<a:srgbClr val="FF8000"/>');
  assert.equal(colorXml([0, 0, 0, 0.5]), '<a:srgbClr val="000000"><a:alpha val="50000"/></a:srgbClr>');
  assert.equal(fillXml(null), '<a:noFill/>');
});

test('gradients: angles turn, stops never go back', () => {
  const xml = gradientFill({ type: 'linear', angle: 135, stops: [[0, BLACK], [0.5, BLACK], [0.5, BLACK], [1, BLACK]] });
  assert.match(xml, /<a:lin ang="2700000" scaled="0"\/>/);
  assert.deepEqual([...xml.matchAll(/pos="(\d+)"/g)].map(([, p]) => Number(p)), [0, 50000, 50001, 100000]);
  assert.match(gradientFill({ type: 'radial', cx: 0.2, cy: 0.3, stops: [[0, BLACK], [1, BLACK]] }), /l="20000" t="30000" r="80000" b="70000"/);
});

test('lines and shadows', () => {
  assert.match(lineXml({ color: BLACK, width: 2, dash: 'dash' }, frame), /<a:ln w="12700" cap="flat">.*<a:prstDash val="dash"\/>/);
  assert.match(lineXml(null, frame), /noFill/);
  assert.equal(effectsXml([], frame), '');
  const xml = effectsXml([{ dx: 0, dy: 10, blur: 20, spread: 0, color: BLACK, inset: false }], frame);
  assert.match(xml, /outerShdw blurRad="127000" dist="63500" dir="5400000"/);
});

test('presets and paths', () => {
  const box = { x: 0, y: 0, w: 100, h: 50 };
  assert.match(geometryXml({ type: 'round', r: 25 }, frame, box), /val 50000/);
  assert.match(geometryXml({ type: 'path', paths: [[['M', 0, 0], ['L', 1, 1], ['Z']]] }, frame, box), /<a:lnTo><a:pt x="6350" y="6350"\/>/);
});

test('polygons are cut to convex ones, whichever way round', () => {
  const square = [[0, 0], [10, 0], [10, 10], [0, 10]];
  const half = [[5, -5], [20, -5], [20, 20], [5, 20]];
  for (const area of [half, [...half].reverse()]) {
    const xs = cut(square, area).map(([x]) => x);
    assert.deepEqual([Math.min(...xs), Math.max(...xs)], [5, 10]);
  }
  assert.ok(isConvex(square));
  assert.ok(!isConvex([[0, 0], [10, 0], [2, 2], [0, 10]]));
  assert.equal(shapePolygons(shape())[0].length, 4);
});

test('clips: nothing cut, nothing left, a rectangle, the outline of the clip, a polygon', () => {
  const item = shape();
  assert.equal(clipped(item), item);
  assert.equal(clipped({ ...item, clip: [{ x: 500, y: 0, w: 10, h: 10 }] }), null);
  const { x, y, w, h } = clipped({ ...item, clip: [{ x: 0, y: 0, w: 50, h: 500 }] });
  assert.deepEqual([x, y, w, h], [10, 20, 40, 50]);
  const round = clipped({ ...item, clip: [{ x: 20, y: 30, w: 40, h: 30, radii: [5, 5, 5, 5] }] });
  assert.deepEqual(round.geometry, { type: 'round', r: 5 });
  const corner = clipped({ ...item, clip: [{ x: 10, y: 20, w: 400, h: 400, radii: [20, 20, 20, 20] }] });
  assert.equal(corner.geometry.type, 'path');
  assert.equal(clipped({ ...item, clip: [{ x: 0, y: 0, w: 400, h: 400, radii: [9, 9, 9, 9] }] }).geometry.type, 'rect');
});

test('clips: a picture is cropped', () => {
  const picture = clipped({ kind: 'picture', x: 0, y: 0, w: 100, h: 100, media: 'm', clip: [{ x: 0, y: 0, w: 50, h: 100 }] });
  assert.deepEqual(picture.crop, { l: 0, t: 0, r: 0.5, b: 0 });
});

test('arrows have one of three sizes', () => {
  const line = { color: BLACK, width: 2, tail: 'arrow' };
  assert.match(lineXml(line, frame), /<a:tailEnd type="triangle"\/>/);
  assert.match(lineXml({ ...line, end: 'lg' }, frame), /<a:tailEnd type="triangle" w="lg" len="lg"\/>/);
});
