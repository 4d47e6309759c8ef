// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { validate } from '../displaylist.js';
import { chartOf } from '../charts.js';
import { rawChart } from './support/chart.js';
import { deck, shape, textItem } from './support/deck.js';

test('a deck of every kind is valid', () => {
  const items = [
    shape({ geometry: { type: 'round', r: 8 }, line: { color: [0, 0, 0, 1], width: 1 } }),
    shape({ geometry: { type: 'path', paths: [[['M', 0, 0], ['L', 5, 5], ['C', 1, 1, 2, 2, 3, 3], ['Z']]] } }),
    textItem('Hello'),
    { kind: 'picture', x: 0, y: 0, w: 1, h: 1, media: 'a', svg: 'b', crop: { l: 0, t: 0, r: 0.5, b: 0 } },
    { kind: 'group', x: 0, y: 0, w: 9, h: 9, items: [shape()] },
    { kind: 'chart', x: 0, y: 0, w: 9, h: 9, chart: chartOf(rawChart()).chart, style: 0, media: 'a' },
    { kind: 'table', x: 0, y: 0, w: 9, h: 9, cols: [9], rows: [9], cells: [] },
  ];
  assert.deepEqual(validate(deck(items)), []);
});

test('what is wrong is named with its place', () => {
  const findings = validate(deck([
    shape({ fill: { type: 'solid', color: [0, 0, 300, 1] } }),
    shape({ w: -1 }),
    shape({ colour: 'red' }),
    { kind: 'blob' },
    shape({ geometry: { type: 'path', paths: [[['M', 0]]] } }),
  ]));
  assert.deepEqual(findings.map((f) => f.split(':')[0]), [
    'deck.slides[0].items[0].fill.color',
    'deck.slides[0].items[1].w',
    'deck.slides[0].items[2]',
    'deck.slides[0].items[3]',
    'deck.slides[0].items[4].geometry.paths[0][0]',
  ]);
});
