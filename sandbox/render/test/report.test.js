// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Report } from '../report.js';

const kinds = (report) => report.toJSON().warnings.map(({ kind, slide, url }) => `${slide} ${kind}${url ? ` ${url}` : ''}`);

test('report: in the order of the slides, whatever order they came in', () => {
  const one = new Report('v1');
  const other = new Report('v1');
  const all = [[2, 'overflow', { message: 'x' }], [null, 'asset-missing', { message: 'x', url: 'b' }],
    [null, 'asset-missing', { message: 'x', url: 'a' }]];
  for (const each of all) one.warn(...each);
  for (const each of all.reverse()) other.warn(...each);
  assert.deepEqual(one.toJSON(), other.toJSON());
  assert.deepEqual(kinds(one), ['null asset-missing a', 'null asset-missing b', '2 overflow']);
});

test('report: the same twice is one', () => {
  const report = new Report('v1');
  report.warn(1, 'clipping', { message: 'x', selector: undefined });
  report.warn(1, 'clipping', { message: 'x' });
  assert.equal(report.count, 1);
});

test('report: has an end, and says how many it left out', () => {
  const report = new Report('v2');
  for (let i = 0; i < 700; i++) report.warn(1, 'overflow', { message: `${i}` });
  const json = report.toJSON();
  assert.equal(json.warnings.length, 500);
  assert.equal(json.omitted, 200);
  assert.equal(report.count, 700);
});

test('report: long texts are cut', () => {
  const report = new Report('v2');
  report.warn(null, 'script-error', { message: 'x'.repeat(5000) });
  assert.ok(report.toJSON().warnings[0].message.length < 400);
});

test('report: only known kinds', () => {
  assert.throws(() => new Report('v1').warn(1, 'oops', { message: '' }));
});

test('report: text of a slide', () => {
  const report = new Report('v2');
  report.addSlide({ slide: 1, element: 1, width: 10, height: 10 });
  report.text(1, 100, 99);
  assert.deepEqual(report.toJSON().slides[0].text, { characters: 100, editable: 99 });
});
