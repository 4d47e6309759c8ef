// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pageScripts } from './support/page.js';

const { roundCorners } = pageScripts(['tablecorners']);
const RED = { type: 'solid', color: [255, 0, 0, 1] };
const CLIP = { x: 0, y: 0, w: 200, h: 100, radii: [20, 20, 20, 20] };

function table(rest = {}) {
  const cells = [0, 1].flatMap((row) => [0, 1].map((col) => ({ row, col, rowSpan: 1, colSpan: 1, x: col * 100, y: row * 50, w: 100, h: 50, fill: RED, borders: {} })));
  return { x: 0, y: 0, w: 200, h: 100, cols: [100, 100], rows: [50, 50], cells, ...rest };
}

test('corners: each goes behind the table and may be cut there', () => {
  const item = table();
  const shapes = roundCorners(item, [CLIP]);
  assert.deepEqual(shapes.map(({ x, y }) => [x, y]), [[0, 0], [100, 0], [100, 50], [0, 50]]);
  assert.ok(item.cells.every((c) => c.fill === null));
  assert.ok(shapes.every((s) => s.fill === RED && s.clip[0] === CLIP));
});

test('corners: only those that are cut', () => {
  const item = table();
  assert.equal(roundCorners(item, [{ ...CLIP, radii: [20, 0, 0, 0] }]).length, 1);
  assert.equal(item.cells.filter((c) => c.fill).length, 3);
});

test('corners: none far from the clip, none without fill', () => {
  assert.deepEqual(roundCorners(table({ x: 30, y: 30, w: 140, h: 40 }), [CLIP]), []);
  assert.deepEqual(roundCorners(table(), [{ x: 0, y: 0, w: 200, h: 100 }]), []);
  const bare = table();
  for (const cell of bare.cells) cell.fill = null;
  assert.deepEqual(roundCorners(bare, [CLIP]), []);
});

test('corners: a cell across the whole row has both', () => {
  const item = table();
  item.cells = [{ ...item.cells[0], colSpan: 2, w: 200 }, ...item.cells.slice(2)];
  assert.equal(roundCorners(item, [CLIP]).length, 3);
});
