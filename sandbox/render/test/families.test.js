// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { familyState, namesOf } from '../families.js';

test('families: names of a stack', () => {
  assert.deepEqual(namesOf(`"Segoe UI", 'Open Sans',Inter , sans-serif`), ['Segoe UI', 'Open Sans', 'Inter', 'sans-serif']);
  assert.deepEqual(namesOf('"a\\"b", c'), ['a"b', 'c']);
});

for (const name of ['sans-serif', 'system-ui', '-apple-system', 'ui-monospace', 'Arial', 'Helvetica', 'Georgia']) {
  test(`families: nobody misses ${name}`, () => assert.equal(familyState(name).state, 'there'));
}

test('families: one that nobody has', () => {
  assert.deepEqual(familyState('Zilla Imaginary'), { state: 'missing' });
});
