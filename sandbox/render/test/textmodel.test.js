// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DESCENT, breaking, insets, layout, presetInset, spacing, turned } from '../pptx/textmodel.js';
import { textItem, textLines } from './support/deck.js';

const near = (a, b) => assert.ok(Math.abs(a - b) < 0.01, `${a} is not ${b}`);
const paragraph = (lines, rest = {}) => ({ align: 'l', rtl: false, lines, ...rest });

test('spacing: one line is natural, several are as far apart as they were', () => {
  assert.equal(spacing(paragraph(textLines('a'))).percent, 1);
  near(spacing(paragraph(textLines('a', 'b', 'c'))).percent, 50 / 48);
  const mixed = textLines('a', 'b');
  mixed[1].size = 20;
  assert.equal(spacing(paragraph(mixed)).exact, 50);
});

test('a box lies so that the baselines are where they were', () => {
  const box = layout(textItem('one', 'two').text);
  near(box.y + 50 - DESCENT * 40, 100);
  near(box.h, 100);
  assert.equal(box.wraps, false);
});

test('breaking: between the widest line and the next word, by hand where there is no room', () => {
  const [first, last] = textLines('wide words', 'rest');
  const roomy = breaking(paragraph([{ ...first, next: 80 }, last]));
  assert.equal(roomy.wraps, true);
  assert.ok(roomy.width > 200 && roomy.width < 290);
  const tight = breaking(paragraph([{ ...first, next: 80 }, { ...last, w: 289 }]));
  assert.deepEqual(tight, { width: 289, wraps: false });
});

test('edges follow the alignment', () => {
  const text = (align) => ({ paragraphs: [paragraph(textLines('abc'), { align })], box: { x: 0, y: 0, w: 400, h: 50 } });
  const [l, ctr, r] = ['l', 'ctr', 'r'].map((align) => layout(text(align)));
  near(l.x, ctr.x);
  near(l.x + l.w, r.x + r.w);
});

test('paragraphs keep their distance; bullets get room', () => {
  const [a, b] = textLines('one', 'two').map((line) => paragraph([line], { bullet: { char: '•', room: 25 } }));
  const placed = layout({ paragraphs: [a, b], box: { x: 0, y: 0, w: 400, h: 100 } });
  near(placed.paragraphs[1].before, 2);
  near(placed.w, 85);
});

test('insets: presets keep text off their corners', () => {
  assert.deepEqual(presetInset({ geometry: { type: 'rect' }, w: 9, h: 9 }), { x: 0, y: 0 });
  near(presetInset({ geometry: { type: 'round', r: 10 }, w: 90, h: 90 }).x, 2.93);
  near(presetInset({ geometry: { type: 'ellipse' }, w: 100, h: 50 }).y, 7.32);
});

test('insets: centred text stays centred, other text keeps its place', () => {
  const placed = layout(textItem('abc').text);
  const around = (dx) => ({ x: placed.x - 20, y: placed.y - 10, w: placed.w + 40 + dx, h: placed.h + 20, geometry: { type: 'rect' } });
  const centred = insets(placed, around(0));
  assert.equal(centred.align, 'ctr');
  near(centred.t, 0);
  near(insets(placed, around(200)).l, 20);
  assert.equal(insets(placed, around(200)).align, undefined);
});

test('turned: a box turned about another centre', () => {
  const box = turned({ x: 0, y: 0, w: 10, h: 10 }, { x: 0, y: 0, w: 30, h: 30, rot: 90 });
  near(box.x, 20);
  near(box.y, 0);
});

test('the bullet of a paragraph from right to left is at its right', () => {
  const lines = [{ x: 100, w: 200, baseline: 100, size: 40, broken: false, runs: [{ text: 'x', style: 0 }] }];
  const paragraph = { align: 'r', rtl: true, lines, bullet: { char: '•', room: 30 } };
  const placed = layout({ paragraphs: [paragraph], box: { x: 0, y: 0, w: 400, h: 50 } });
  assert.equal(Math.round(placed.x), 101);
  assert.equal(placed.w, 230);
});
