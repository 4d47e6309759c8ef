// SPDX-License-Identifier: Apache-2.0
/* Values of CSS that paint: lists of layers, gradients, shadows, rounded corners. */

/** Splits at commas (or another sign) that are in no brackets or quotes. */
page.split = function split(text, sign = ',') {
  const parts = [];
  let depth = 0;
  let part = '';
  let quoted = false;
  for (const c of text) {
    if (c === '"') quoted = !quoted;
    if (c === '(') depth++;
    if (c === ')') depth--;
    if (c === sign && !depth && !quoted) {
      parts.push(part.trim());
      part = '';
    } else {
      part += c;
    }
  }
  if (part.trim()) parts.push(part.trim());
  return parts;
};

/** Background layers, the topmost first. */
page.layers = function layers(style) {
  if (style.backgroundImage === 'none') return [];
  const nth = (text, i) => {
    const all = page.split(text);
    return all[i % all.length];
  };
  return page.split(style.backgroundImage).map((image, i) => ({
    image, size: nth(style.backgroundSize, i), position: nth(style.backgroundPosition, i), repeat: nth(style.backgroundRepeat, i),
    clip: nth(style.backgroundClip, i), origin: nth(style.backgroundOrigin, i),
  })).filter((layer) => layer.image !== 'none');
};

/** Colour stops with every position filled in; whole is the length of the gradient line in px. */
function stopsOf(parts, whole, opacity) {
  const stops = [];
  for (const part of parts) {
    const [, color, places] = /^((?:[a-z-]+\([^)]*\))|#\w+|[a-z]+)?\s*(.*)$/i.exec(part);
    const at = (places || '').split(/\s+/).filter(Boolean).map((p) => position(p, whole));
    if (!color) continue; // a hint moves the middle a little
    const value = page.fade(page.color(color), opacity);
    if (!at.length) at.push(null);
    for (const p of at) stops.push([p, value]);
  }
  return spread(stops);
}

function position(text, whole) {
  if (text.endsWith('%')) return parseFloat(text) / 100;
  if (text.endsWith('deg')) return parseFloat(text) / 360;
  if (text.endsWith('turn')) return parseFloat(text);
  return whole ? parseFloat(text) / whole : 0;
}

/** Places stops that name no place, and makes places never go back. */
function spread(stops) {
  if (stops.length === 1) stops.push([1, stops[0][1]]);
  stops[0][0] ??= 0;
  stops.at(-1)[0] ??= 1;
  for (let i = 1; i < stops.length; i++) {
    if (stops[i][0] !== null) {
      stops[i][0] = Math.max(stops[i][0], stops[i - 1][0]);
      continue;
    }
    const next = stops.findIndex((s, k) => k > i && s[0] !== null);
    stops[i][0] = stops[i - 1][0] + (stops[next][0] - stops[i - 1][0]) / (next - i + 1);
  }
  return stops;
}

function mix(a, b, t) {
  const alpha = a[3] + (b[3] - a[3]) * t;
  const part = (i) => (alpha ? (a[i] * a[3] * (1 - t) + b[i] * b[3] * t) / alpha : b[i]);
  return [part(0), part(1), part(2), Math.round(alpha * 1000) / 1000];
}

/** The colour at a place. */
page.colorAt = function colorAt(stops, p) {
  if (p <= stops[0][0]) return stops[0][1];
  const i = stops.findIndex(([at]) => at >= p);
  if (i < 0) return stops.at(-1)[1];
  const [[a, from], [b, to]] = [stops[i - 1], stops[i]];
  return b > a ? mix(from, to, (p - a) / (b - a)) : to;
};

/** Cuts stops to 0-1 and gives transparent ones the colour of their neighbour. */
page.trimStops = function trimStops(stops) {
  const inner = stops.filter(([p]) => p > 0 && p < 1);
  const start = stops.find(([p]) => p === 0)?.[1] ?? page.colorAt(stops, 0);
  const end = stops.findLast(([p]) => p === 1)?.[1] ?? page.colorAt(stops, 1);
  const all = [[0, start], ...inner, [1, end]];
  return all.map(([p, c], i) => {
    if (c[3] > 0) return [p, c];
    const near = all[i + 1]?.[1][3] > 0 ? all[i + 1][1] : all[i - 1]?.[1] ?? c;
    return [p, [near[0], near[1], near[2], 0]];
  });
};

const SIDES = { top: 0, right: 90, bottom: 180, left: 270 };

function linearAngle(text, box) {
  if (!text.startsWith('to ')) return parseFloat(text) * (/rad$/.test(text) && !/grad$/.test(text) ? 180 / Math.PI : /turn$/.test(text) ? 360 : 1);
  const sides = text.slice(3).split(' ');
  if (sides.length === 1) return SIDES[sides[0]];
  const up = sides.includes('top');
  const right = sides.includes('right');
  const slope = Math.atan2(box.h, box.w) * 180 / Math.PI; // magic corners: the middle line joins the other two
  return up ? (right ? slope : 360 - slope) : (right ? 180 - slope : 180 + slope);
}

function linear(parts, box, opacity) {
  const explicit = /^(to |-?[\d.]+(deg|rad|turn|grad))/.test(parts[0]);
  const angle = ((explicit ? linearAngle(parts[0], box) : 180) % 360 + 360) % 360;
  const rad = angle * Math.PI / 180;
  const whole = Math.abs(box.w * Math.sin(rad)) + Math.abs(box.h * Math.cos(rad));
  return { type: 'linear', angle, stops: stopsOf(explicit ? parts.slice(1) : parts, whole, opacity), whole };
}

function radial(parts, box, opacity) {
  const shaped = /^(circle|ellipse|closest|farthest|at |[\d.]+(px|%))/.test(parts[0]);
  const spec = shaped ? parts[0] : '';
  const [cx, cy] = (/at (.*)$/.exec(spec)?.[1] ?? '50% 50%').split(' ')
    .map((p, i) => (p.endsWith('%') ? parseFloat(p) / 100 : parseFloat(p) / (i ? box.h : box.w)));
  const dx = [cx * box.w, (1 - cx) * box.w];
  const dy = [cy * box.h, (1 - cy) * box.h];
  const pick = /closest/.test(spec) ? Math.min : Math.max;
  let rx = pick(...dx);
  let ry = pick(...dy);
  const size = spec.replace(/at .*$/, '').match(/[\d.]+(px|%)/g);
  if (size) {
    [rx, ry = rx] = size.map((s, i) => (s.endsWith('%') ? parseFloat(s) / 100 * (i ? box.h : box.w) : parseFloat(s)));
  } else if (/-side/.test(spec)) {
    if (/circle/.test(spec)) rx = ry = pick(rx, ry);
  } else if (/circle/.test(spec)) {
    rx = ry = Math.hypot(rx, ry);
  } else {
    rx *= Math.SQRT2;
    ry *= Math.SQRT2;
  }
  return { type: 'radial', cx, cy, rx, ry, stops: stopsOf(shaped ? parts.slice(1) : parts, rx, opacity) };
}

function conic(parts, box, opacity) {
  const shaped = /^(from|at) /.test(parts[0]);
  const from = parseFloat(/from (-?[\d.]+)/.exec(shaped ? parts[0] : '')?.[1] ?? 0);
  const [cx, cy] = (/at (.*)$/.exec(shaped ? parts[0] : '')?.[1] ?? '50% 50%').split(' ').map((p) => parseFloat(p) / 100);
  return { type: 'conic', from, cx, cy, stops: stopsOf(shaped ? parts.slice(1) : parts, 0, opacity) };
}

/** Reads a gradient as CSS means it for a box; null when it is none. */
page.readGradient = function readGradient(image, box, opacity = 1) {
  const match = /^(?:-webkit-)?(repeating-)?(linear|radial|conic)-gradient\((.*)\)$/s.exec(image);
  if (!match) return null;
  const parts = page.split(match[3]).map((p) => p.replace(/^in \S+ ?/, '')).filter(Boolean);
  const gradient = { linear, radial, conic }[match[2]](parts, box, opacity);
  return { ...gradient, repeating: Boolean(match[1]) };
};

/** The same as a Fill, if a Fill can say it. */
page.gradient = function gradient(image, box, opacity) {
  const g = page.readGradient(image, box, opacity);
  if (!g || g.repeating || g.type === 'conic') return null;
  if (g.type === 'linear') return { type: 'linear', angle: g.angle, stops: page.trimStops(g.stops) };
  return page.radialFill(g, box);
};

/** PowerPoint's circle reaches the corners of the box: stops are scaled to that. */
page.radialFill = function radialFill(g, box) {
  if (Math.abs(g.cx - 0.5) > 0.01 || Math.abs(g.cy - 0.5) > 0.01) return null; // readers differ in what its size is
  const reach = Math.hypot(box.w, box.h) / 2;
  const square = Math.abs(box.w - box.h) < 0.02 * box.w;
  if (!square && Math.abs(g.rx - g.ry) > 0.02 * g.rx) return null;
  const k = g.rx / reach;
  return { type: 'radial', cx: g.cx, cy: g.cy, stops: page.trimStops(g.stops.map(([p, c]) => [p * k, c])) };
};

/** Lengths of a dash and of a gap as Chromium paints a dashed border. */
page.dashPattern = (style, width) => (style !== 'dashed' ? undefined : width >= 3 ? [2 * width, width] : [3 * width, 2 * width]);

/** @returns {object[]} Shadows; the topmost first */
page.shadowList = function shadowList(text) {
  if (!text || text === 'none') return [];
  return page.split(text).map((one) => {
    const color = /(rgba?|color|oklch|oklab|hsla?|lab|lch)\([^)]*\)|#\w+/.exec(one)?.[0] ?? 'rgb(0, 0, 0)';
    const [dx = 0, dy = 0, blur = 0, spread = 0] = one.replace(color, '').match(/-?[\d.]+(?=px)/g)?.map(Number) ?? [];
    return { dx, dy, blur, spread, color: page.color(color), inset: /inset/.test(one) };
  }).filter((s) => s.color[3] > 0);
};

/** Corner radii in px, shrunk where they would overlap: [[rx, ry] of tl, tr, br, bl]. */
page.radii = function radii(style, w, h) {
  const all = ['TopLeft', 'TopRight', 'BottomRight', 'BottomLeft'].map((corner) => {
    const [rx, ry = rx] = style[`border${corner}Radius`].split(' ');
    const value = (text, whole) => (text.endsWith('%') ? parseFloat(text) / 100 * whole : parseFloat(text));
    return [value(rx, w), value(ry, h)];
  });
  const [tl, tr, br, bl] = all;
  const f = Math.min(1, w / (tl[0] + tr[0]), w / (bl[0] + br[0]), h / (tl[1] + bl[1]), h / (tr[1] + br[1]));
  return all.map(([rx, ry]) => [rx * f, ry * f]);
};

const K = 0.5523;

/** The outline of a box with any corners, relative to its top left. */
page.roundPath = function roundPath(w, h, [tl, tr, br, bl]) {
  const path = [['M', tl[0], 0], ['L', w - tr[0], 0]];
  const corner = (r, x1, y1, x2, y2, x, y) => r[0] > 0 && r[1] > 0 && path.push(['C', x1, y1, x2, y2, x, y]);
  corner(tr, w - tr[0] * (1 - K), 0, w, tr[1] * (1 - K), w, tr[1]);
  path.push(['L', w, h - br[1]]);
  corner(br, w, h - br[1] * (1 - K), w - br[0] * (1 - K), h, w - br[0], h);
  path.push(['L', bl[0], h]);
  corner(bl, bl[0] * (1 - K), h, 0, h - bl[1] * (1 - K), 0, h - bl[1]);
  path.push(['L', 0, tl[1]]);
  corner(tl, 0, tl[1] * (1 - K), tl[0] * (1 - K), 0, tl[0], 0);
  return [...path, ['Z']];
};

/** The Geometry of a box with rounded corners. */
page.boxGeometry = function boxGeometry(radii, w, h) {
  const flat = radii.flat();
  if (flat.every((r) => r < 0.25)) return { type: 'rect' };
  if (radii.every(([rx, ry]) => rx >= w / 2 - 0.1 && ry >= h / 2 - 0.1)) return { type: 'ellipse' };
  if (flat.every((r) => Math.abs(r - flat[0]) < 0.25)) return { type: 'round', r: Math.min(flat[0], w / 2, h / 2) };
  return { type: 'path', paths: [page.roundPath(w, h, radii)] };
};
