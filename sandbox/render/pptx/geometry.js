// SPDX-License-Identifier: Apache-2.0
/* Outlines: presets where there is one, else paths; and what ancestors leave of them. */

const preset = (name, guide = '') => `<a:prstGeom prst="${name}"><a:avLst>${guide}</a:avLst></a:prstGeom>`;
const K = 0.5523;

function pathXml(paths, frame, box) {
  const [w, h] = [Math.max(1, frame.emu(box.w)), Math.max(1, frame.emu(box.h))];
  const point = (x, y) => `<a:pt x="${frame.emu(x)}" y="${frame.emu(y)}"/>`;
  const step = ([op, ...n]) => {
    if (op === 'M') return `<a:moveTo>${point(...n)}</a:moveTo>`;
    if (op === 'L') return `<a:lnTo>${point(...n)}</a:lnTo>`;
    if (op === 'C') return `<a:cubicBezTo>${point(n[0], n[1])}${point(n[2], n[3])}${point(n[4], n[5])}</a:cubicBezTo>`;
    return '<a:close/>';
  };
  const all = paths.map((path) => `<a:path w="${w}" h="${h}">${path.map(step).join('')}</a:path>`);
  return `<a:custGeom><a:avLst/><a:gdLst/><a:ahLst/><a:cxnLst/><a:rect l="0" t="0" r="r" b="b"/><a:pathLst>${all.join('')}</a:pathLst></a:custGeom>`;
}

/** @param {import('./frame.js').Frame} frame */
export function geometryXml(geometry, frame, box) {
  if (geometry?.type === 'ellipse') return preset('ellipse');
  if (geometry?.type === 'round') {
    const adj = Math.min(50000, Math.round(geometry.r / Math.max(1, Math.min(box.w, box.h)) * 100000));
    return preset('roundRect', `<a:gd name="adj" fmla="val ${adj}"/>`);
  }
  return geometry?.type === 'path' ? pathXml(geometry.paths, frame, box) : preset('rect');
}

function cubic([x0, y0], [x1, y1, x2, y2, x, y], t) {
  const u = 1 - t;
  const at = (a, b, c, d) => u * u * u * a + 3 * u * u * t * b + 3 * u * t * t * c + t * t * t * d;
  return [at(x0, x1, x2, x), at(y0, y1, y2, y)];
}

/** A path as one or more polygons. */
export function flatten(path, pieces = 12) {
  const polygons = [];
  for (const [op, ...n] of path) {
    if (op === 'M') polygons.push([n]);
    if (op === 'L') polygons.at(-1).push(n);
    if (op !== 'C') continue;
    const from = polygons.at(-1).at(-1);
    for (let i = 1; i <= pieces; i++) polygons.at(-1).push(cubic(from, n, i / pieces));
  }
  return polygons;
}

/** A rectangle with four circular corners as a path. */
export function roundPath(x, y, w, h, radii) {
  const [tl, tr, br, bl] = radii.map((r) => Math.min(r, w / 2, h / 2));
  const path = [['M', x + tl, y], ['L', x + w - tr, y]];
  const corner = (r, cx, cy, sx, sy, ex, ey) => r > 0 && path.push(['C', sx, sy, ex, ey, cx, cy]);
  corner(tr, x + w, y + tr, x + w - tr * (1 - K), y, x + w, y + tr * (1 - K));
  path.push(['L', x + w, y + h - br]);
  corner(br, x + w - br, y + h, x + w, y + h - br * (1 - K), x + w - br * (1 - K), y + h);
  path.push(['L', x + bl, y + h]);
  corner(bl, x, y + h - bl, x + bl * (1 - K), y + h, x, y + h - bl * (1 - K));
  if (tl > 0) path.push(['L', x, y + tl]);
  corner(tl, x + tl, y, x, y + tl * (1 - K), x + tl * (1 - K), y);
  return [...path, ['Z']];
}

function area(points) {
  return points.reduce((sum, [x, y], i) => {
    const [a, b] = points[(i + 1) % points.length];
    return sum + x * b - a * y;
  }, 0) / 2;
}

/** Sutherland-Hodgman: a polygon cut to a convex one. */
export function cut(points, convex) {
  let rest = points;
  const sign = area(convex) < 0 ? -1 : 1;
  for (let i = 0; i < convex.length && rest.length; i++) {
    const [ax, ay] = convex[i];
    const [bx, by] = convex[(i + 1) % convex.length];
    const side = ([x, y]) => sign * ((bx - ax) * (y - ay) - (by - ay) * (x - ax));
    const next = [];
    rest.forEach((p, k) => {
      const q = rest[(k + 1) % rest.length];
      const [sp, sq] = [side(p), side(q)];
      if (sp >= 0) next.push(p);
      if (sp >= 0 !== sq >= 0) {
        const t = sp / (sp - sq);
        next.push([p[0] + (q[0] - p[0]) * t, p[1] + (q[1] - p[1]) * t]);
      }
    });
    rest = next;
  }
  return rest;
}

export const isConvex = (points) => {
  let sign = 0;
  return points.every(([x, y], i) => {
    const [bx, by] = points[(i + 1) % points.length];
    const [cx, cy] = points[(i + 2) % points.length];
    const turn = (bx - x) * (cy - by) - (by - y) * (cx - bx);
    if (Math.abs(turn) < 1e-6) return true;
    sign ||= Math.sign(turn);
    return Math.sign(turn) === sign;
  });
};

export const clipPolygon = (clip) => clip.points ?? flatten(roundPath(clip.x, clip.y, clip.w, clip.h, clip.radii ?? [0, 0, 0, 0]))[0];

/** The polygons of a shape on the slide. */
export function shapePolygons({ x, y, w, h, geometry }) {
  const r = geometry?.type === 'round' ? geometry.r : 0;
  if (geometry?.type === 'path') return geometry.paths.flatMap((p) => flatten(p)).map((points) => points.map(([px, py]) => [x + px, y + py]));
  if (geometry?.type !== 'ellipse') return flatten(roundPath(x, y, w, h, [r, r, r, r]));
  const circle = flatten(roundPath(-1, -1, 2, 2, [1, 1, 1, 1]), 24)[0];
  return [circle.map(([px, py]) => [x + w / 2 + px * w / 2, y + h / 2 + py * h / 2])];
}

export function bounds(points) {
  const xs = points.map(([x]) => x);
  const ys = points.map(([, y]) => y);
  const [x, y] = [Math.min(...xs), Math.min(...ys)];
  return { x, y, w: Math.max(...xs) - x, h: Math.max(...ys) - y };
}
