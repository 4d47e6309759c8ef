// SPDX-License-Identifier: Apache-2.0
/* Fills, lines and effects of DrawingML. */
import { degrees } from './frame.js';

const hex = (v) => Math.round(v).toString(16).padStart(2, '0').toUpperCase();
const share = (v) => Math.round(v * 100000);

/** @param {number[]} color [r, g, b, alpha] */
export function colorXml([r, g, b, alpha]) {
  const value = `${hex(r)}${hex(g)}${hex(b)}`;
  return alpha >= 0.999 ? `<a:srgbClr val="${value}"/>` : `<a:srgbClr val="${value}"><a:alpha val="${share(alpha)}"/></a:srgbClr>`;
}

export const solidFill = (color) => `<a:solidFill>${colorXml(color)}</a:solidFill>`;

/** Stops in order, those at the same place a hair apart. */
function stopsXml(stops) {
  let last = -1;
  return `<a:gsLst>${stops.map(([p, color]) => {
    last = Math.min(100000, Math.max(last + (last >= 0 ? 1 : 1), share(p)));
    return `<a:gs pos="${last}">${colorXml(color)}</a:gs>`;
  }).join('')}</a:gsLst>`;
}

/** Gradients: an angle of CSS goes up from 0, one of DrawingML right; a circle starts in its middle. */
export function gradientFill(fill) {
  if (fill.type === 'linear') {
    return `<a:gradFill rotWithShape="1">${stopsXml(fill.stops)}<a:lin ang="${degrees(fill.angle - 90)}" scaled="0"/></a:gradFill>`;
  }
  const [x, y] = [share(fill.cx), share(fill.cy)];
  return `<a:gradFill rotWithShape="1">${stopsXml(fill.stops)}<a:path path="circle">`
    + `<a:fillToRect l="${x}" t="${y}" r="${100000 - x}" b="${100000 - y}"/></a:path></a:gradFill>`;
}

/** @param {object | null | undefined} fill  a Fill but a picture */
export function fillXml(fill) {
  if (!fill || fill.type === 'solid' && fill.color[3] === 0) return '<a:noFill/>';
  return fill.type === 'solid' ? solidFill(fill.color) : gradientFill(fill);
}

const DASHES = { dash: 'dash', dot: 'sysDot' };
const CAPS = { round: 'rnd', square: 'sq' };

/** Dashes as they are where they are known: in shares of the width. */
function dashXml({ dash, pattern, width }) {
  if (pattern) return `<a:custDash><a:ds d="${share(pattern[0] / width)}" sp="${share(pattern[1] / width)}"/></a:custDash>`;
  return DASHES[dash] ? `<a:prstDash val="${DASHES[dash]}"/>` : '';
}

/** @param {import('./frame.js').Frame} frame */
export function lineXml(line, frame, tag = 'a:ln') {
  if (!line || line.width <= 0 || line.color[3] === 0) return `<${tag}><a:noFill/></${tag}>`;
  const cap = ` cap="${CAPS[line.cap] ?? 'flat'}"`;
  const dash = dashXml(line);
  const join = line.join === 'round' ? '<a:round/>' : line.join === 'bevel' ? '<a:bevel/>' : '<a:miter lim="800000"/>';
  const size = line.end ? ` w="${line.end}" len="${line.end}"` : '';
  const ends = (line.head ? `<a:headEnd type="triangle"${size}/>` : '') + (line.tail ? `<a:tailEnd type="triangle"${size}/>` : '');
  return `<${tag} w="${Math.max(1, frame.emu(line.width))}"${cap}>${solidFill(line.color)}${dash}${join}${ends}</${tag}>`;
}

function shadowXml(shadow, frame) {
  const dist = frame.emu(Math.hypot(shadow.dx, shadow.dy));
  const dir = degrees(Math.atan2(shadow.dy, shadow.dx) * 180 / Math.PI);
  const common = `blurRad="${frame.emu(shadow.blur)}" dist="${dist}" dir="${dir}"`;
  if (shadow.inset) return `<a:innerShdw ${common}>${colorXml(shadow.color)}</a:innerShdw>`;
  return `<a:outerShdw ${common}${spreadXml(shadow)} algn="ctr" rotWithShape="0">${colorXml(shadow.color)}</a:outerShdw>`;
}

/** A spread is a scale of the shadow: known where the shape's size is. */
function spreadXml({ spread, w, h }) {
  if (!spread || !w || !h) return '';
  return ` sx="${share(Math.max(0.01, 1 + 2 * spread / w))}" sy="${share(Math.max(0.01, 1 + 2 * spread / h))}"`;
}

/** @param {object[] | undefined} shadows  at most one inside and one outside */
export function effectsXml(shadows, frame, box = {}) {
  const soft = box.soft ? `<a:softEdge rad="${frame.emu(box.soft)}"/>` : '';
  if (!shadows?.length && !soft) return '';
  const order = [...shadows ?? []].sort((a, b) => Number(b.inset) - Number(a.inset));
  return `<a:effectLst>${order.map((s) => shadowXml({ ...s, w: box.w, h: box.h }, frame)).join('')}${soft}</a:effectLst>`;
}
