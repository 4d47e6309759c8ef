// SPDX-License-Identifier: Apache-2.0
/* The parts of the page's scripts that are only arithmetic. */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import { test } from 'node:test';
import { pageSource } from '../extract.js';

const page = { fade: ([r, g, b, a], by) => [r, g, b, a * by] };
page.color = (text) => {
  const [r, g, b, a = 1] = text.match(/[\d.]+/g).map(Number);
  return [r, g, b, a];
};
for (const name of ['paint', 'polygons', 'svgpath', 'counters']) {
  new Function('page', fs.readFileSync(new URL(`../page/${name}.js`, import.meta.url), 'utf8'))(page);
}

const near = (a, b) => assert.ok(Math.abs(a - b) < 0.01, `${a} is not ${b}`);
const box = { w: 200, h: 100 };

test('the scripts are one expression', () => {
  assert.equal(typeof new Function(`return ${pageSource('extract')}`)(), 'function');
});

test('lists split at their own commas only', () => {
  assert.deepEqual(page.split('rgb(1, 2, 3) 0px, "a,b", c'), ['rgb(1, 2, 3) 0px', '"a,b"', 'c']);
});

test('linear gradients: angles, sides, corners, places of stops', () => {
  const of = (text) => page.gradient(`linear-gradient(${text}rgb(0, 0, 0), rgb(9, 9, 9) 30%, rgb(20, 20, 20), rgb(50, 50, 50))`, box, 1);
  assert.equal(of('').angle, 180);
  assert.equal(of('to right, ').angle, 90);
  assert.equal(of('0.25turn, ').angle, 90);
  near(of('to top right, ').angle, Math.atan2(100, 200) * 180 / Math.PI);
  assert.deepEqual(of('').stops.map(([p]) => Math.round(p * 100)), [0, 30, 65, 100]);
});

test('transparent stops take the colour beside them; stops outside are cut', () => {
  const { stops } = page.gradient('linear-gradient(90deg, rgba(255, 0, 0, 1) -50%, rgba(0, 0, 0, 0) 50%)', box, 1);
  assert.deepEqual(stops.find(([p]) => p === 0.5), [0.5, [255, 0, 0, 0]]);
  near(stops[0][1][3], 0.5);
});

test('what no fill can say is none', () => {
  assert.equal(page.gradient('conic-gradient(rgb(0, 0, 0), rgb(1, 1, 1))', box, 1), null);
  assert.equal(page.gradient('repeating-linear-gradient(rgb(0, 0, 0), rgb(1, 1, 1) 10px)', box, 1), null);
  assert.equal(page.gradient('radial-gradient(circle at 10% 10%, rgb(0, 0, 0), rgb(1, 1, 1))', box, 1), null);
});

test('shadows', () => {
  const [a, b] = page.shadowList('rgba(0, 0, 0, 0.5) 1px -2px 3px 4px, rgb(1, 2, 3) 0px 0px 5px 0px inset');
  assert.deepEqual([a.dx, a.dy, a.blur, a.spread, a.inset], [1, -2, 3, 4, false]);
  assert.equal(b.inset, true);
});

test('boxes: rectangle, pill, circle, odd corners', () => {
  const corners = (r) => Array(4).fill([r, r]);
  assert.equal(page.boxGeometry(corners(0), 100, 50).type, 'rect');
  assert.deepEqual(page.boxGeometry(corners(25), 100, 50), { type: 'round', r: 25 });
  assert.equal(page.boxGeometry(corners(25), 50, 50).type, 'ellipse');
  assert.equal(page.boxGeometry([[9, 9], [0, 0], [9, 9], [0, 0]], 100, 50).type, 'path');
});

test('path data: relative, repeated, smooth, arcs without spaces', () => {
  const end = (d) => page.pathSteps(d).at(-1).slice(-2);
  assert.deepEqual(end('M10 10 20 20 l5-5'), [25, 15]);
  assert.deepEqual(end('m0,0h10v10H5V2'), [5, 2]);
  assert.deepEqual(page.pathSteps('M0 0C0 5 5 5 5 0S10-5 10 0')[2], ['C', 5, -5, 10, -5, 10, 0]);
  const arc = page.pathSteps('M0 0a10 10 0 0120 0');
  near(arc.at(-1)[5], 20);
  near(Math.min(...page.flatten(arc).map(([, y]) => y)), -10);
  assert.deepEqual(page.pathSteps('M1 2L3 4ZL9 9').map(([op]) => op), ['M', 'L', 'Z', 'M', 'L']);
});

test('the side of an outline is a stretch of it', () => {
  const stretch = page.alongOutline([[0, 0], [10, 0], [10, 10], [0, 10]], [[0, 0], [10, 0], [5, 5]]);
  assert.ok(stretch.every(([, y]) => y === 0));
  assert.deepEqual([stretch[0], stretch.at(-1)], [[0, 0], [10, 0]]);
});

test('counters in every style', () => {
  assert.equal(page.counterText(7, 'decimal-leading-zero'), '07');
  assert.equal(page.counterText(28, 'lower-alpha'), 'ab');
  assert.equal(page.counterText(1994, 'upper-roman'), 'MCMXCIV');
});

test('clip-path: percentages, pixels and sums', () => {
  new Function('page', fs.readFileSync(new URL('../page/clip.js', import.meta.url), 'utf8'))(page);
  const { points } = page.clipPath('polygon(0px 0px, calc(100% - 30px) 0%, 100% 50%, calc(-10px + 50%) 100%)', { x: 5, y: 0, w: 200, h: 100 });
  assert.deepEqual(points, [[5, 0], [175, 0], [205, 50], [95, 100]]);
});

test('columns and lines beside a float are texts of their own', () => {
  const word = (text, left, top) => ({ type: 'word', text, left, right: left + 50, top, bottom: top + 20, el: null });
  const lines = [[word('beside', 80, 0), word('it', 140, 0)], [word('below', 0, 30)], [word('next', 300, 0)]];
  const style = { writingMode: 'horizontal-tb', direction: 'ltr', textAlign: 'start' };
  const stub = { css: () => style, lines: () => lines.map((frags) => ({ frags })) };
  new Function('page', fs.readFileSync(new URL('../page/pieces.js', import.meta.url), 'utf8'))(stub);
  assert.deepEqual(stub.pieces(lines.flat()).map((piece) => piece.map(({ text }) => text).join(' ')), ['beside it', 'below', 'next']);
  style.textAlign = 'center';
  assert.equal(stub.pieces(lines.flat()).length, 2, 'centred lines start anywhere');
});
