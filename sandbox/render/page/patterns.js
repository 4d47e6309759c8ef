// SPDX-License-Identifier: Apache-2.0
/*
 * Repeated backgrounds of hard edges (lines of a grid, stripes, dots): one shape for each colour, a subpath for each
 * line or dot.
 */

const MOST_LINES = 400;
const MOST_DOTS = 2000;

/** Stretches of one colour in a gradient: [{ from, to, color }], or null when colours flow. */
function stretches(given, whole) {
  const stops = page.trimStops(given);
  const all = [];
  for (let i = 1; i < stops.length; i++) {
    const [[from, a], [to, b]] = [stops[i - 1], stops[i]];
    if ((to - from) * whole < 0.75 && a.join() !== b.join()) continue; // an edge, a little soft
    if (to - from < 1e-6) continue;
    if (a[3] === 0 && b[3] === 0) continue;
    if (a.join() !== b.join()) return null;
    all.push({ from, to, color: a });
  }
  return all;
}

const rectangle = (x, y, w, h) => [['M', x, y], ['L', x + w, y], ['L', x + w, y + h], ['L', x, y + h], ['Z']];

function octagon(cx, cy, r) {
  const points = Array.from({ length: 8 }, (_, i) => [cx + r * Math.cos((i + 0.5) * Math.PI / 4), cy + r * Math.sin((i + 0.5) * Math.PI / 4)]);
  return page.pointsPath(points);
}

const shapeOf = (base, color, path) => ({ kind: 'shape', ...base, name: 'Pattern', fill: { type: 'solid', color }, geometry: { type: 'path', paths: [path] } });

/** Where tiles start along an axis. */
function starts(offset, size, whole, repeats) {
  if (!repeats) return [offset];
  const first = offset - Math.ceil(offset / size) * size;
  return Array.from({ length: Math.ceil((whole - first) / size) }, (_, i) => first + i * size);
}

function lines(g, base, tile, at, repeats) {
  const flat = g.angle % 180 === 0; // stripes lie
  if (!flat && g.angle % 180 !== 90) return null;
  const [size, whole, offset] = flat ? [tile.h, base.h, at.y] : [tile.w, base.w, at.x];
  const [crossSize, crossWhole] = flat ? [tile.w, base.w] : [tile.h, base.h];
  if (crossSize < crossWhole - 1 && !(flat ? repeats.x : repeats.y)) return null;
  const backward = g.angle === 0 || g.angle === 270;
  const bands = stretches(g.stops, size);
  const all = starts(offset, size, whole, flat ? repeats.y : repeats.x);
  if (!bands || !bands.length || all.length * bands.length > MOST_LINES) return null;
  return bands.map(({ from, to, color }) => {
    const [a, b] = (backward ? [1 - to, 1 - from] : [from, to]).map((p) => Math.min(1, Math.max(0, p)) * size);
    const path = all.flatMap((start) => {
      const [low, high] = [Math.max(0, start + a), Math.min(whole, start + b)];
      if (high - low < 0.05) return [];
      return flat ? rectangle(0, low, base.w, high - low) : rectangle(low, 0, high - low, base.h);
    });
    return path.length ? shapeOf(base, color, path) : null;
  }).filter(Boolean);
}

function dots(g, base, tile, at, repeats) {
  const bands = stretches(g.stops, g.rx);
  if (!bands || bands.length !== 1 || bands[0].from > 0.001 || Math.abs(g.rx - g.ry) > 0.1 * g.rx) return null;
  const r = bands[0].to * g.rx;
  const [xs, ys] = [starts(at.x, tile.w, base.w, repeats.x), starts(at.y, tile.h, base.h, repeats.y)];
  if (r > Math.min(tile.w, tile.h) / 2 + 0.5 && xs.length * ys.length > 1 || xs.length * ys.length > MOST_DOTS) return null;
  const path = ys.flatMap((y) => xs.flatMap((x) => octagon(x + g.cx * tile.w, y + g.cy * tile.h, r + 0.25)));
  return [shapeOf(base, bands[0].color, path)];
}

/** Items of a repeated layer, or null when it must be painted. */
page.patternItems = function patternItems(layer, g, base, tile, at) {
  if (base.geometry.type !== 'rect' || g.repeating) return null;
  const [x, y = x] = layer.repeat.split(' ');
  const repeats = { x: x === 'repeat' || x === 'repeat-x', y: y === 'repeat' || layer.repeat === 'repeat-y' };
  if (layer.repeat === 'repeat-x') repeats.y = false;
  if (g.type === 'linear') return lines(g, base, tile, at, repeats);
  return g.type === 'radial' ? dots(g, base, tile, at, repeats) : null;
};
