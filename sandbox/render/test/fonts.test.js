// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { firstFamily, officeName, pieces } from '../fonts.js';

test('text falls into pieces by script, emoji stay whole', () => {
  assert.deepEqual(pieces('Hi 日本 ▸ ok'), [
    { kind: 'latin', text: 'Hi ' }, { kind: 'kana', text: '日本' }, { kind: 'latin', text: ' ' }, { kind: 'symbol', text: '▸' },
    { kind: 'latin', text: ' ok' },
  ]);
  assert.deepEqual(pieces('👩🏽‍💻🇪🇺').map((p) => p.kind), ['emoji']);
  assert.deepEqual(pieces('שלום'), [{ kind: 'hebrew', text: 'שלום' }]);
});

test('faces of the same widths get the name that Office knows', () => {
  const face = (familyName, isCustomFont = false) => ({ familyName, isCustomFont });
  assert.equal(officeName(face('Liberation Sans'), 'Helvetica'), 'Arial');
  assert.equal(officeName(face('Inter'), 'system-ui'), 'Inter');
  assert.equal(officeName(face('abc123', true), "'My Font', serif"), 'My Font');
  assert.equal(officeName(undefined, 'Georgia, serif'), 'Georgia');
  assert.equal(firstFamily('"Open Sans", Arial'), 'Open Sans');
});
