// SPDX-License-Identifier: Apache-2.0
/*
 * Charts that Chart.js drew on a canvas, read for charts of Office. Where the author asks for it: data-pptx-chart on the
 * canvas or an element around it ("false" takes it back), for a chart of Office never looks quite the same.
 *
 * page/chartjs.js runs beside the scripts of the page and says what is there; chartOf believes nothing of it, and takes
 * only what a chart of Office can say. Everything else stays a picture of the canvas, with the reason in the report.
 */
import fs from 'node:fs';
import { numberFormat } from './numberformat.js';

export const MOST_CHARTS = 100;
const MOST_SERIES = 40;
const MOST_POINTS = 1000;
const MOST_TEXT = 200;

const finite = (v, least = -1e15, most = 1e15) => (Number.isFinite(v) && v >= least && v <= most ? v : null);
const text = (v) => (typeof v === 'string' ? v : '').slice(0, MOST_TEXT);
const listOf = (v, most) => (Array.isArray(v) ? v.slice(0, most) : []);

class Refused extends Error {}

/** A reason for a picture. */
const refuse = (when, reason) => {
  if (when) throw new Refused(reason);
};

/** A colour as a canvas says it: #rrggbb or rgba(r, g, b, a); null for none. */
export function colorOf(value) {
  if (value === null || value === undefined) return null;
  const hex = /^#([0-9a-f]{2})([0-9a-f]{2})([0-9a-f]{2})$/.exec(value);
  if (hex) return [...hex.slice(1).map((v) => parseInt(v, 16)), 1];
  const rgba = /^rgba\((\d+), (\d+), (\d+), ([\d.]+)\)$/.exec(value);
  refuse(!rgba, 'painted colours');
  return [...rgba.slice(1, 4).map((v) => Math.min(255, Number(v))), Math.min(1, Number(rgba[4]))];
}

const shown = (color) => (color && color[3] > 0 ? color : null);
const fontOf = (font) => ({ size: finite(font?.size, 1, 400) ?? 12, bold: font?.weight === 700 });
const label = (raw) => (raw && text(raw.text) ? { text: text(raw.text), color: colorOf(raw.color) ?? [102, 102, 102, 1], ...fontOf(raw.font) } : null);

/** One colour, or one for each point where they differ. */
function colors(raw, count) {
  const all = Array.from({ length: count }, (_, i) => colorOf(listOf(raw, MOST_POINTS)[i]));
  return all.every((c) => String(c) === String(all[0])) ? [all[0] ?? null] : all;
}

function seriesOf(raw, chart) {
  const parsed = listOf(raw.values, MOST_POINTS);
  const value = chart.horizontal ? 'x' : 'y';
  const number = (v) => finite(typeof v === 'object' && v ? v[value] : v);
  refuse(parsed.some((v) => v?._custom), 'floating bars');
  refuse(raw.stepped, 'steps');
  const filled = raw.fill !== undefined && raw.fill !== false && raw.area !== null;
  refuse(filled && raw.smooth, 'an area below a curve');
  refuse(filled && !['origin', 'start', true].includes(raw.fill), 'an area between lines');
  return {
    name: text(raw.name), values: parsed.map(number), ...(chart.type === 'scatter' && { xs: parsed.map((v) => finite(v?.x)) }),
    fill: filled ? [colorOf(raw.area)] : colors(raw.fills, parsed.length),
    border: shown(raw.line !== undefined && raw.shown ? colorOf(raw.line) : colors(raw.borders, 1)[0]),
    borderWidth: finite(raw.lineWidth ?? raw.borderWidth, 0, 100) ?? 0, dashed: raw.dashed === true,
    line: raw.line !== undefined && raw.shown === true, smooth: raw.smooth === true, radius: finite(raw.radius, 0, 36) ?? 0, area: filled,
  };
}

function axisOf(raw, category) {
  refuse(!['category', 'linear'].includes(raw.type), `a ${text(raw.type)} axis`);
  refuse(raw.reverse, 'an axis that runs backwards');
  const ticks = listOf(raw.ticks, 50);
  const format = category ? 'General' : numberFormat(ticks.map(({ value, label: said }) => [finite(value), text(said)]));
  refuse(format === null, 'labels of an axis');
  const step = ticks.length > 1 ? finite(ticks[1].value - ticks[0].value) : null;
  return {
    min: finite(raw.min), max: finite(raw.max), step: step > 0 ? step : null, format, shown: raw.shown === true, labelled: raw.labelled === true,
    color: colorOf(raw.color) ?? [102, 102, 102, 1], ...fontOf(raw.font), grid: raw.shown ? shown(colorOf(raw.grid)) : null,
    gridWidth: finite(raw.gridWidth, 0, 20) ?? 1, edge: raw.shown ? shown(colorOf(raw.edge)) : null, title: label(raw.title), offset: raw.offset === true,
  };
}

/** The axis that counts and the one that names, whichever lies down. */
function axesOf(raw, type, horizontal) {
  if (type === 'pie' || type === 'doughnut') return {};
  const all = listOf(raw.axes, 9);
  refuse(all.length !== 2, 'a second axis');
  const of = (direction) => all.find((a) => a.direction === direction) ?? {};
  const [base, value] = horizontal ? [of('y'), of('x')] : [of('x'), of('y')];
  refuse(type !== 'scatter' && base.type !== 'category', `a ${text(base.type)} axis`);
  return { base: axisOf(base, type !== 'scatter'), value: axisOf(value, false) };
}

/** How far bars and groups of bars are apart, in percent of the width of a bar. */
function gaps({ series: all }, area, count, { stacked, horizontal }) {
  const whole = (horizontal ? area[3] - area[1] : area[2] - area[0]) / Math.max(1, count);
  const bar = finite(all[0].size, 0.1, 5000);
  if (!bar) return { gap: 50, overlap: stacked ? 100 : 0 };
  const step = !stacked && all.length > 1 ? finite(Math.abs(all[1].at - all[0].at)) ?? bar : bar;
  const used = stacked ? bar : bar + step * (all.length - 1);
  return {
    gap: Math.round(Math.max(0, Math.min(500, (whole - used) / bar * 100))),
    overlap: stacked ? 100 : Math.round(Math.max(-100, Math.min(100, (bar - step) / bar * 100))),
  };
}

const TYPES = ['bar', 'line', 'pie', 'doughnut', 'scatter'];
const SIDES = { top: 't', bottom: 'b', left: 'l', right: 'r' };

function build(raw) {
  refuse(!raw, 'not of Chart.js');
  refuse(!TYPES.includes(raw.type), `type ${text(raw.type)}`);
  refuse(raw.plugins > 0, 'plugins');
  const all = listOf(raw.series, MOST_SERIES + 1);
  refuse(!all.length || all.length > MOST_SERIES, 'too many series');
  refuse(all.some((s) => s.kind !== raw.type), 'mixed types');
  refuse(all.some((s) => listOf(s.values, MOST_POINTS + 1).length > MOST_POINTS), 'too many points');
  const round = raw.type === 'pie' || raw.type === 'doughnut';
  refuse(round && finite(raw.sweep) !== 360, 'part of a circle');
  const shape = { type: raw.type, horizontal: raw.horizontal === true, stacked: raw.stacked === true };
  const width = finite(raw.width, 1);
  const height = finite(raw.height, 1);
  const [l, t, r, b] = listOf(raw.area, 4).map((v) => finite(v) ?? 0);
  refuse(!width || !height || !(r > l) || !(b > t), 'no size');
  const series = all.map((s) => seriesOf(s, shape));
  refuse(series.some((s) => s.area !== series[0].area), 'mixed types');
  refuse(series[0].area && series.length > 1 && !shape.stacked && series.some((s) => s.fill[0]?.[3] === 1), 'areas that hide each other');
  const categories = listOf(raw.labels, MOST_POINTS).map(text);
  const legend = raw.legend && SIDES[raw.legend.position];
  return {
    ...shape, type: series[0].area ? 'area' : raw.type, categories, series, ...axesOf(raw, raw.type, shape.horizontal),
    ...(raw.type === 'bar' && gaps(raw, [l, t, r, b], categories.length, shape)),
    area: { x: l / width, y: t / height, w: (r - l) / width, h: (b - t) / height }, title: label(raw.title),
    legend: legend ? { side: legend, color: colorOf(raw.legend.color) ?? [102, 102, 102, 1], ...fontOf(raw.legend.font), box: legendBox(raw.legend.box, legend, width, height) } : null,
    ...(round && { hole: finite(raw.cutout, 0, 1) ?? 0, turn: ((finite(raw.turn) ?? 0) % 360 + 360) % 360 }),
    family: text(raw.axes?.[0]?.font?.family ?? raw.legend?.font?.family) || 'sans-serif', height,
  };
}

/** The place of a legend; signs of Office may be wider, so one that lies has room on both sides. */
function legendBox(box, side, width, height) {
  const [x, y, w, h] = listOf(box, 4).map((v) => finite(v));
  if (!(w > 0 && h > 0)) return null;
  const room = side === 't' || side === 'b' ? Math.max(0, Math.min(0.25 * w, x, width - x - w)) : 0;
  return { x: (x - room) / width, y: y / height, w: (w + 2 * room) / width, h: h / height };
}

/**
 * @param {any} raw  what the page says of one chart
 * @returns {{chart: object} | {reason: string}} a Chart of displaylist.js, or why there is none
 */
export function chartOf(raw) {
  try {
    return { chart: build(raw) };
  } catch (error) {
    if (error instanceof Refused) return { reason: error.message };
    return { reason: 'unreadable' };
  }
}

const source = () => `(most) => { ${fs.readFileSync(new URL('page/chartjs.js', import.meta.url), 'utf8')}\nreturn readCharts(most); }`;

/**
 * @param {import('./browser.js').Deck} deck
 * @returns {Promise<Record<string, {chart: object} | {reason: string}>>} by what data-deck-chart of a canvas says
 */
export async function findCharts(deck) {
  const said = await deck.evaluateInPage(source(), MOST_CHARTS).catch(() => '{}');
  let raw = {};
  try {
    raw = JSON.parse(said);
  } catch {
    // a page that changed JSON gets pictures
  }
  return Object.fromEntries(Object.entries(raw ?? {}).slice(0, MOST_CHARTS).map(([id, each]) => [id, chartOf(each)]));
}
