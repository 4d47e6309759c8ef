// SPDX-License-Identifier: Apache-2.0
/* Paint of SVG: colours and gradients, strokes, dashes (a dashed circle is how donut charts are drawn). */

function stopsOf(gradient, opacity) {
  let source = gradient;
  for (let i = 0; i < 5 && !source.querySelector('stop') && source.href?.baseVal; i++) {
    source = document.getElementById(source.href.baseVal.slice(1)) ?? source;
    if (source === gradient) break;
  }
  let last = 0;
  const stops = [...source.querySelectorAll('stop')].map((stop) => {
    const style = getComputedStyle(stop);
    last = Math.max(last, stop.offset.baseVal);
    return [last, page.fade(page.color(style.stopColor), Number(style.stopOpacity) * opacity)];
  });
  return stops.length ? page.trimStops(stops) : null;
}

/** A gradient for a shape; undefined when only a picture shows it. */
function gradientOf(gradient, opacity, box, m) {
  const stops = stopsOf(gradient, opacity);
  if (!stops) return null;
  const user = gradient.gradientUnits.baseVal === 1;
  if (gradient.localName === 'radialGradient') return { type: 'radial', cx: 0.5, cy: 0.5, stops: radialStops(gradient, stops, user, box, m) };
  const value = (name, whole) => (gradient[name].baseVal.unitType === 2 ? gradient[name].baseVal.valueInSpecifiedUnits / 100 * whole : gradient[name].baseVal.value);
  const extra = gradient.gradientTransform.baseVal.consolidate()?.matrix;
  const place = (x, y) => {
    const p = extra ? new DOMPoint(x, y).matrixTransform(extra) : { x, y };
    return user ? m.transformPoint({ x: p.x, y: p.y }) : { x: p.x * box.w, y: p.y * box.h };
  };
  const whole = user ? [1, 1] : [1, 1];
  const a = place(value('x1', whole[0]), value('y1', whole[1]));
  const b = place(value('x2', whole[0]), value('y2', whole[1]));
  const angle = (Math.atan2(b.x - a.x, -(b.y - a.y)) * 180 / Math.PI + 360) % 360;
  return { type: 'linear', angle, stops: user ? along(stops, a, b, box) : stops };
}

/** Stops between two points as stops across the whole box. */
function along(stops, a, b, box) {
  const [dx, dy] = [b.x - a.x, b.y - a.y];
  const length = Math.hypot(dx, dy) || 1;
  const at = (x, y) => ((x - a.x) * dx + (y - a.y) * dy) / length;
  const corners = [[box.x, box.y], [box.x + box.w, box.y], [box.x, box.y + box.h], [box.x + box.w, box.y + box.h]].map(([x, y]) => at(x, y));
  const [from, to] = [Math.min(...corners), Math.max(...corners)];
  if (to - from < 0.01) return stops;
  return page.trimStops(stops.map(([p, c]) => [(p * length - from) / (to - from), c]));
}

function radialStops(gradient, stops, user, box, m) {
  const r = gradient.r.baseVal.valueInSpecifiedUnits / (gradient.r.baseVal.unitType === 2 ? 100 : 1);
  const reach = Math.hypot(box.w, box.h) / 2;
  const px = user ? gradient.r.baseVal.value * Math.hypot(m.a, m.b) : r * Math.max(box.w, box.h);
  return page.trimStops(stops.map(([p, c]) => [p * px / reach, c]));
}

/**
 * @returns {object | null | undefined} a Fill; null for none; undefined when a picture is needed
 */
page.svgPaint = function svgPaint(el, paint, paintOpacity, context, box, m) {
  const opacity = context.opacity * Number(paintOpacity);
  if (paint === 'none') return null;
  const id = /^url\("?[^#]*#([^")]+)"?\)/.exec(paint)?.[1];
  if (!id) {
    const color = page.fade(page.color(paint === 'context-fill' ? 'black' : paint), opacity);
    return color[3] > 0 ? { type: 'solid', color } : null;
  }
  const server = document.getElementById(id);
  if (!server) return null;
  if (!/Gradient$/.test(server.localName)) return undefined;
  return gradientOf(server, opacity, box, m);
};

const CAPS = { butt: 'flat', round: 'round', square: 'square' };

/** How large an arrow is, in the three sizes of Office: two, three or five times the width of the line. */
function arrowSize(value, width) {
  const marker = document.getElementById(/url\("?#([^")]+)/.exec(value)?.[1]);
  if (!marker) return {};
  const size = marker.markerWidth.baseVal.value / (marker.getAttribute('markerUnits') === 'userSpaceOnUse' ? width : 1);
  return size >= 4 ? { end: 'lg' } : size < 2.5 ? { end: 'sm' } : {};
}

/** The Line of a stroke, its dashes in px of the slide; null for none. */
page.svgLine = function svgLine(el, style, stroke, m) {
  if (!stroke) return null;
  const k = style.vectorEffect === 'non-scaling-stroke' ? 1 : Math.sqrt(Math.abs(m.a * m.d - m.b * m.c));
  const width = page.px(style.strokeWidth) * k;
  if (width <= 0) return null;
  const color = stroke.type === 'solid' ? stroke.color : stroke.stops[Math.floor(stroke.stops.length / 2)][1];
  const join = { miter: 'miter', round: 'round', bevel: 'bevel' }[style.strokeLinejoin] ?? 'miter';
  const line = { color, width, dash: 'solid', cap: CAPS[style.strokeLinecap] ?? 'flat', join };
  if (/url\(/.test(style.markerEnd)) line.tail = 'arrow';
  if (/url\(/.test(style.markerStart)) line.head = 'arrow';
  if (line.tail || line.head) Object.assign(line, arrowSize(line.tail ? style.markerEnd : style.markerStart, line.width / k));
  const dashes = style.strokeDasharray === 'none' ? [] : style.strokeDasharray.split(/[ ,]+/).map(parseFloat);
  if (!dashes.length || dashes.every((d) => !d)) return line;
  const total = el.getTotalLength?.() ?? 0;
  const list = dashes.length % 2 ? [...dashes, ...dashes] : dashes;
  const period = list.reduce((sum, d) => sum + d, 0);
  const scale = el.pathLength?.baseVal ? total / el.pathLength.baseVal : 1;
  if (total / (period * scale) > 3 && list.length <= 2) return { ...line, dash: 'dash', pattern: list.map((d) => d * scale * k) };
  return { ...line, dashes: list.map((d) => d * scale), offset: page.px(style.strokeDashoffset) * scale, total };
};

/** Visible parts of a dashed outline: [from, to] along it. */
function visible({ dashes, offset, total }) {
  const period = dashes.reduce((sum, d) => sum + d, 0);
  const parts = [];
  let at = -(((offset % period) + period) % period);
  for (let i = 0; at < total && parts.length < 200; i++) {
    const length = dashes[i % dashes.length];
    if (i % 2 === 0 && at + length > 0 && length > 0) parts.push([Math.max(0, at), Math.min(total, at + length)]);
    at += length;
  }
  return parts;
}

/** Draws each dash as a path of its own: arcs of circles exactly, others by points. */
page.svgDashes = function svgDashes(el, steps, line, m, context) {
  const { dashes, offset, total, ...plain } = line;
  for (const [from, to] of visible(line)) {
    const part = to - from >= total - 0.01 ? steps : el.localName === 'circle' ? circlePart(el, from, to) : sampled(el, from, to);
    const mapped = page.mapSteps(part, m);
    const points = page.flatten(mapped, 8);
    const [x, y] = [Math.min(...points.map((p) => p[0])), Math.min(...points.map((p) => p[1]))];
    const box = { x, y, w: Math.max(...points.map((p) => p[0])) - x, h: Math.max(...points.map((p) => p[1])) - y };
    const path = mapped.map(([op, ...n]) => [op, ...n.map((v, i) => v - (i % 2 ? y : x))]);
    context.items.push({ kind: 'shape', ...box, geometry: { type: 'path', paths: [path] }, line: plain });
  }
  return true;
};

function circlePart(el, from, to) {
  const [cx, cy, r] = ['cx', 'cy', 'r'].map((name) => el[name].baseVal.value);
  const [a, b] = [from / r, to / r];
  return [['M', cx + r * Math.cos(a), cy + r * Math.sin(a)], ...page.arcCubics([cx, cy], [r, r], a, b - a)];
}

function sampled(el, from, to) {
  const count = Math.max(2, Math.min(60, Math.ceil((to - from) / 3)));
  return Array.from({ length: count + 1 }, (_, i) => {
    const p = el.getPointAtLength(from + (to - from) * i / count);
    return [i ? 'L' : 'M', p.x, p.y];
  });
}
