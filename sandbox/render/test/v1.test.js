// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Budget } from '../shots.js';
import { fit } from '../v1.js';

test('fit: 16:9 fills the page exactly', () => {
  assert.deepEqual(fit(1920, 1080), { x: 0, y: 0, cx: 12192000, cy: 6858000 });
  assert.deepEqual(fit(960, 540), { x: 0, y: 0, cx: 12192000, cy: 6858000 });
});

test('fit: another shape stands in the middle', () => {
  assert.deepEqual(fit(1080, 1080), { x: 2667000, y: 0, cx: 6858000, cy: 6858000 });
  assert.deepEqual(fit(1920, 540), { x: 0, y: 1714500, cx: 12192000, cy: 3429000 });
});

test('fit: nothing is less than a unit', () => {
  assert.equal(fit(1e9, 1).cy, 1);
});

test('budget: says which file was too much', () => {
  const budget = new Budget(10);
  budget.add('a', 10);
  assert.throws(() => budget.add('slides/slide_002.png', 1), /^Error: render output exceeds max size of 10 bytes while adding slides\/slide_002\.png$/);
});
