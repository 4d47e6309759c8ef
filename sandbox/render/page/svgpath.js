// SPDX-License-Identifier: Apache-2.0
/* Path data of SVG as moves, lines and cubics in absolute coordinates. */

const COUNTS = { M: 2, L: 2, H: 1, V: 1, C: 6, S: 4, Q: 4, T: 2, A: 7, Z: 0 };

/** [[letter, ...numbers]...], one entry per segment. */
function tokens(d) {
  const all = [];
  for (const [, letter, rest] of d.matchAll(/([a-z])([^a-z]*(?:e[-+]?\d+[^a-z]*)*)/gi)) {
    const upper = letter.toUpperCase();
    const numbers = upper === 'A' ? arcNumbers(rest) : (rest.match(/[-+]?(?:\d+\.?\d*|\.\d+)(?:e[-+]?\d+)?/gi) ?? []).map(Number);
    const count = COUNTS[upper];
    if (count === undefined) return null;
    if (!count) all.push([letter]);
    for (let i = 0; count && i + count <= numbers.length; i += count) {
      const repeated = upper === 'M' && i > 0 ? (letter === 'm' ? 'l' : 'L') : letter;
      all.push([repeated, ...numbers.slice(i, i + count)]);
    }
  }
  return all;
}

/** Flags of arcs may stand without a space between. */
function arcNumbers(text) {
  const numbers = [];
  let rest = text;
  for (;;) {
    const flag = [3, 4].includes(numbers.length % 7);
    const match = (flag ? /^[\s,]*([01])/ : /^[\s,]*([-+]?(?:\d+\.?\d*|\.\d+)(?:e[-+]?\d+)?)/i).exec(rest);
    if (!match) return numbers;
    numbers.push(Number(match[1]));
    rest = rest.slice(match[0].length);
  }
}

/** An arc as cubics (SVG 1.1 F.6). */
function arc(x1, y1, [rx0, ry0, rotation, large, sweep, x2, y2]) {
  let [rx, ry] = [Math.abs(rx0), Math.abs(ry0)];
  if (!rx || !ry) return [['L', x2, y2]];
  const phi = rotation * Math.PI / 180;
  const [cos, sin] = [Math.cos(phi), Math.sin(phi)];
  const [dx, dy] = [(x1 - x2) / 2, (y1 - y2) / 2];
  const [x, y] = [cos * dx + sin * dy, -sin * dx + cos * dy];
  const grow = Math.sqrt(x * x / (rx * rx) + y * y / (ry * ry));
  if (grow > 1) [rx, ry] = [rx * grow, ry * grow];
  const under = Math.max(0, (rx * rx * ry * ry - rx * rx * y * y - ry * ry * x * x) / (rx * rx * y * y + ry * ry * x * x || 1));
  const k = (large === sweep ? -1 : 1) * Math.sqrt(under);
  const [cx, cy] = [k * rx * y / ry, -k * ry * x / rx];
  const from = Math.atan2((y - cy) / ry, (x - cx) / rx);
  let delta = Math.atan2((-y - cy) / ry, (-x - cx) / rx) - from;
  if (sweep && delta < 0) delta += 2 * Math.PI;
  if (!sweep && delta > 0) delta -= 2 * Math.PI;
  const centre = [cos * cx - sin * cy + (x1 + x2) / 2, sin * cx + cos * cy + (y1 + y2) / 2];
  return page.arcCubics(centre, [rx, ry], from, delta, [cos, sin]);
}

/** Cubics along an ellipse, at most a quarter turn each. */
page.arcCubics = function arcCubics([cx, cy], [rx, ry], from, delta, [cos, sin] = [1, 0]) {
  const steps = Math.max(1, Math.ceil(Math.abs(delta) / (Math.PI / 2) - 1e-9));
  const step = delta / steps;
  const t = 4 / 3 * Math.tan(step / 4);
  const at = (x, y) => [cx + cos * rx * x - sin * ry * y, cy + sin * rx * x + cos * ry * y];
  return Array.from({ length: steps }, (_, i) => {
    const [a, b] = [from + i * step, from + (i + 1) * step];
    return ['C', ...at(Math.cos(a) - t * Math.sin(a), Math.sin(a) + t * Math.cos(a)),
      ...at(Math.cos(b) + t * Math.sin(b), Math.sin(b) - t * Math.cos(b)), ...at(Math.cos(b), Math.sin(b))];
  });
};

/** One segment in absolute coordinates; state is where the pen is. */
function segment([letter, ...n], state) {
  const upper = letter.toUpperCase();
  const relative = letter !== upper;
  const { x, y } = state;
  const abs = upper === 'A' ? n.map((v, i) => (relative && i > 4 ? v + (i === 5 ? x : y) : v))
    : n.map((v, i) => (relative ? v + (upper === 'V' || upper !== 'H' && i % 2 ? y : x) : v));
  const mirror = (kind) => (state.last === kind ? [2 * x - state.cx, 2 * y - state.cy] : [x, y]);
  if (upper === 'H') return [['L', abs[0], y]];
  if (upper === 'V') return [['L', x, abs[0]]];
  if (upper === 'A') return arc(x, y, abs);
  if (upper === 'S') return [['C', ...mirror('C'), ...abs]];
  if (upper === 'Q' || upper === 'T') {
    const [qx, qy, ex, ey] = upper === 'Q' ? abs : [...mirror('Q'), ...abs];
    state.quad = [qx, qy];
    return [['C', x + 2 / 3 * (qx - x), y + 2 / 3 * (qy - y), ex + 2 / 3 * (qx - ex), ey + 2 / 3 * (qy - ey), ex, ey]];
  }
  return [[upper, ...abs]];
}

/** @returns {any[][] | null} */
page.pathSteps = function pathSteps(d) {
  const all = tokens(d);
  if (!all) return null;
  const steps = [];
  const state = { x: 0, y: 0, startX: 0, startY: 0, last: '', cx: 0, cy: 0 };
  for (const token of all) {
    const upper = token[0].toUpperCase();
    if (steps.at(-1)?.[0] === 'Z' && upper !== 'M' && upper !== 'Z') steps.push(['M', state.x, state.y]);
    for (const step of segment(token, state)) {
      steps.push(step);
      if (step[0] === 'Z') Object.assign(state, { x: state.startX, y: state.startY });
      else [state.x, state.y] = step.slice(-2);
      if (step[0] === 'M') Object.assign(state, { startX: state.x, startY: state.y });
      if (step[0] === 'C') [state.cx, state.cy] = step.slice(3, 5);
    }
    state.last = 'CS'.includes(upper) ? 'C' : 'QT'.includes(upper) ? 'Q' : '';
    if (state.last === 'Q') [state.cx, state.cy] = state.quad;
  }
  return steps;
};

/** Steps through a matrix. */
page.mapSteps = (steps, m) => steps.map(([op, ...n]) => {
  const mapped = [op];
  for (let i = 0; i < n.length; i += 2) mapped.push(m.a * n[i] + m.c * n[i + 1] + m.e, m.b * n[i] + m.d * n[i + 1] + m.f);
  return mapped;
});
