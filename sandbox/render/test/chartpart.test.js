// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { chartOf } from '../charts.js';
import { lint } from '../pptx/lint.js';
import { presentation } from '../pptx/slide.js';
import { columnName, workbook } from '../pptx/workbook.js';
import { rawChart, rawLine, rawRound, rawScatter, rawSeries } from './support/chart.js';
import { deck } from './support/deck.js';
import { unzip } from './support/unzip.js';

const DOT = Buffer.from('iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==', 'base64');
const RAW = [
  rawChart({ title: { text: 'Sales & more', color: '#000000', font: { size: 20, weight: 700 } } }), rawChart({ series: [rawSeries([1, 2, 3], { fills: ['#ff0000', '#00ff00', '#0000ff'] })] }),
  rawChart({ type: 'line', series: [rawLine([1, null, 3], { smooth: true })] }), rawChart({ type: 'line', series: [rawLine([1, 2, 3], { fill: true, area: '#eeeeee' })] }),
  rawRound(), rawRound({ type: 'doughnut', cutout: 0.65, series: [{ ...rawRound().series[0], kind: 'doughnut' }] }), rawScatter(),
];

const items = (rest = {}) => RAW.map((raw, i) => ({ kind: 'chart', x: 10, y: 10 * i, w: 600, h: 300, style: 0, media: 'm', alt: `Chart ${i}`, chart: chartOf(raw).chart, ...rest }));
const bytes = (rest) => presentation(deck(items(rest), { media: { m: { type: 'image/png', bytes: DOT } } })).bytes();
const chart = (n) => unzip(bytes()).get(`ppt/charts/chart1-${n}.xml`).toString();

test('chart: every type passes the lint, and is the same twice', () => {
  assert.deepEqual(lint(unzip(bytes())), []);
  assert.deepEqual(bytes(), bytes());
});

test('chart: one part and one workbook each, alternative texts on the slide', () => {
  const files = unzip(bytes());
  const slide = files.get('ppt/slides/slide1.xml').toString();
  assert.equal(slide.match(/<c:chart /g).length, RAW.length);
  assert.match(slide, /descr="Chart 3"/);
  assert.equal([...files.keys()].filter((name) => /^ppt\/charts\/chart[^/]+\.xml$/.test(name)).length, RAW.length);
  assert.match(files.get('ppt/charts/_rels/chart1-1.xml.rels').toString(), /relationships\/package" Target="\.\.\/embeddings\/\w+\.xlsx"/);
});

test('chart: values, place, format, gaps', () => {
  const xml = chart(1);
  assert.match(xml, /<c:f>Sheet1!\$B\$2:\$B\$4<\/c:f>.*<c:pt idx="1"><c:v>19<\/c:v>/);
  assert.match(xml, /<c:layoutTarget val="inner"\/>.*<c:x val="0.1"\/><c:y val="0.1"\/><c:w val="0.9"\/><c:h val="0.8"\/>/);
  assert.match(xml, /formatCode="&quot;\$&quot;0&quot;M&quot;"/);
  assert.match(xml, /<c:max val="30"\/><c:min val="0"\/>/);
  assert.match(xml, /<a:t>Sales &amp; more<\/a:t>/);
});

test('chart: a gap is a gap, colours of points are theirs, an area has its line', () => {
  assert.equal(chart(2).match(/<c:dPt>/g).length, 3);
  assert.doesNotMatch(chart(3), /<c:pt idx="1"><c:v>(null|0)?<\/c:v>/);
  assert.match(chart(4), /<c:areaChart>.*<c:lineChart>.*<c:legendEntry><c:idx val="1"\/><c:delete val="1"\/>/);
  assert.match(chart(6), /<c:holeSize val="65"\/>/);
  assert.match(chart(7), /<c:xVal>.*<c:yVal>/);
});

for (const [how, rest] of [['turned', { rot: 30 }], ['cut off', { clip: [{ x: 0, y: 0, w: 50, h: 50 }] }], ['see-through', { alpha: 0.5 }]]) {
  test(`chart: ${how}, it is its picture`, () => {
    const files = unzip(bytes(rest));
    assert.ok(![...files.keys()].some((name) => name.includes('chart')));
    assert.match(files.get('ppt/slides/slide1.xml').toString(), /<p:pic>/);
  });
}

test('workbook: names of columns, numbers and texts', () => {
  assert.deepEqual([0, 25, 26, 701, 702].map(columnName), ['A', 'Z', 'AA', 'ZZ', 'AAA']);
  const sheet = unzip(workbook([['', 'a<b'], ['x', 1.5], ['y', null]])).get('xl/worksheets/sheet1.xml').toString();
  assert.match(sheet, /<c r="B1" t="inlineStr"><is><t xml:space="preserve">a&lt;b<\/t><\/is><\/c>/);
  assert.match(sheet, /<row r="3"><c r="A3" t="inlineStr"><is><t xml:space="preserve">y<\/t><\/is><\/c><\/row>/);
});
