// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { chartOf, colorOf } from '../charts.js';
import { validate } from '../displaylist.js';
import { numberFormat } from '../numberformat.js';
import { rawChart, rawLine, rawRound, rawScatter, rawSeries } from './support/chart.js';
import { deck } from './support/deck.js';

const item = (chart) => ({ kind: 'chart', x: 0, y: 0, w: 600, h: 300, style: 0, media: 'm', chart });

const GOOD = {
  bars: rawChart(),
  'lying, stacked bars': rawChart({ horizontal: true, stacked: true, axes: rawChart().axes.map((a) => ({ ...a, direction: a.direction === 'x' ? 'y' : 'x' })) }),
  lines: rawChart({ type: 'line', series: [rawLine([1, null, 3])] }),
  'an area': rawChart({ type: 'line', series: [rawLine([1, 2, 3], { fill: 'origin', area: 'rgba(1, 2, 3, 0.5)' })] }),
  pie: rawRound(),
  doughnut: rawRound({ type: 'doughnut', cutout: 0.65, series: [{ ...rawRound().series[0], kind: 'doughnut' }] }),
  scatter: rawScatter(),
};
for (const [name, raw] of Object.entries(GOOD)) {
  test(`charts: ${name}`, () => {
    const { chart, reason } = chartOf(raw);
    assert.equal(reason, undefined);
    assert.deepEqual(validate(deck([item(chart)])), []);
  });
}

test('charts: the plot has its place, bars their gaps, the axis its scale', () => {
  const { chart } = chartOf(rawChart({ series: [rawSeries([1, 2, 3]), rawSeries([3, 2, 1], { at: 95 })] }));
  assert.deepEqual(chart.area, { x: 0.1, y: 0.1, w: 0.9, h: 0.8 });
  assert.deepEqual([chart.gap, chart.overlap], [238, -12]);
  assert.deepEqual([chart.value.min, chart.value.max, chart.value.step, chart.value.format], [0, 30, 10, '"$"0"M"']);
});

test('charts: points of one colour have it once, others each', () => {
  assert.deepEqual(chartOf(rawChart()).chart.series[0].fill, [[37, 99, 235, 1]]);
  assert.equal(chartOf(rawRound()).chart.series[0].fill.length, 3);
});

const BAD = [
  ['not of Chart.js', null],
  ['type radar', rawChart({ type: 'radar' })],
  ['plugins', rawChart({ plugins: 1 })],
  ['mixed types', rawChart({ series: [rawSeries([1]), rawLine([1])] })],
  ['a second axis', rawChart({ axes: [...rawChart().axes, rawChart().axes[1]] })],
  ['a time axis', rawChart({ axes: [{ ...rawChart().axes[0], type: 'time' }, rawChart().axes[1]] })],
  ['labels of an axis', rawChart({ axes: [rawChart().axes[0], { ...rawChart().axes[1], ticks: [{ value: 0, label: 'low' }, { value: 9, label: 'high' }] }] })],
  ['painted colours', rawChart({ series: [rawSeries([1], { fills: ['painted'] })] })],
  ['floating bars', rawChart({ series: [rawSeries([1], { values: [{ x: 0, y: 5, _custom: { min: 1 } }] })] })],
  ['part of a circle', rawRound({ sweep: 180 })],
  ['an area below a curve', rawChart({ type: 'line', series: [rawLine([1], { fill: true, area: '#ffffff', smooth: true })] })],
  ['too many points', rawChart({ series: [rawSeries(Array(1001).fill(1))] })],
  ['too many series', rawChart({ series: Array(41).fill(rawSeries([1])) })],
  ['no size', rawChart({ width: 0 })],
  ['unreadable', { type: 'bar', plugins: 0, series: [null] }],
];
for (const [reason, raw] of BAD) test(`charts: a picture for ${reason}`, () => assert.deepEqual(chartOf(raw), { reason }));

test('charts: what is no number is none', () => {
  const { chart } = chartOf(rawChart({ series: [rawSeries(['1"/>', Infinity, 3])] }));
  assert.deepEqual(chart.series[0].values, [null, null, 3]);
});

test('colours as a canvas says them', () => {
  assert.deepEqual(['#0a0b0c', 'rgba(1, 2, 3, 0.5)', null].map(colorOf), [[10, 11, 12, 1], [1, 2, 3, 0.5], null]);
  assert.throws(() => colorOf('painted'));
});

const FORMATS = [
  [[[0, '0'], [5, '5']], 'General'], [[[0, '0'], [0.5, '0.5'], [1, '1']], '0.0'], [[[0, '0.0'], [0.5, '0.5']], '0.0'],
  [[[0, '0'], [1000, '1,000']], '#,##0'], [[[0, '$0M'], [5, '$5M']], '"$"0"M"'], [[[0, '0k'], [2000, '2k']], '0,"k"'],
  [[[0, '0'], [5, '5 %']], '0" %"'], [[[-5, '-5'], [0, '0']], 'General'], [[[0, '0%'], [0.5, '50%']], '0%'], [[[0, 'a'], [1, 'b']], null], [[], 'General'],
];
for (const [ticks, format] of FORMATS) test(`format of ${JSON.stringify(ticks)}`, () => assert.equal(numberFormat(ticks), format));
