// SPDX-License-Identifier: Apache-2.0
/* Outlines as polygons, and what two of them share. */

function cubic(p0, [x1, y1, x2, y2, x, y], t) {
  const u = 1 - t;
  const at = (a, b, c, d) => u * u * u * a + 3 * u * u * t * b + 3 * u * t * t * c + t * t * t * d;
  return [at(p0[0], x1, x2, x), at(p0[1], y1, y2, y)];
}

/** A path of the display list as points. */
page.flatten = function flatten(path, pieces = 12) {
  const points = [];
  for (const [op, ...n] of path) {
    if (op === 'M' || op === 'L') points.push(n);
    if (op !== 'C') continue;
    const from = points.at(-1);
    for (let i = 1; i <= pieces; i++) points.push(cubic(from, n, i / pieces));
  }
  return points;
};

/** Sutherland-Hodgman: a polygon cut to a convex one (clockwise on the screen). */
page.cut = function cut(points, convex) {
  let rest = points;
  for (let i = 0; i < convex.length && rest.length; i++) {
    const [ax, ay] = convex[i];
    const [bx, by] = convex[(i + 1) % convex.length];
    const side = ([x, y]) => (bx - ax) * (y - ay) - (by - ay) * (x - ax);
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
};

/** Points as a closed path. */
page.pointsPath = function pointsPath(points) {
  return [...points.map(([x, y], i) => [i ? 'L' : 'M', x, y]), ['Z']];
};

function distance([px, py], [ax, ay], [bx, by]) {
  const length = (bx - ax) ** 2 + (by - ay) ** 2 || 1;
  const t = Math.max(0, Math.min(1, ((px - ax) * (bx - ax) + (py - ay) * (by - ay)) / length));
  return Math.hypot(px - ax - t * (bx - ax), py - ay - t * (by - ay));
}

/** The stretch of an outline that lies in a convex area, without the area's own edges. */
page.alongOutline = function alongOutline(outline, area) {
  const points = page.cut(outline, area);
  const on = points.map((p, i) => {
    const q = points[(i + 1) % points.length];
    const middle = [(p[0] + q[0]) / 2, (p[1] + q[1]) / 2];
    return outline.some((a, k) => distance(middle, a, outline[(k + 1) % outline.length]) < 0.05);
  });
  const start = on.findIndex((is, i) => is && !on[(i + on.length - 1) % on.length]);
  if (start < 0) return points;
  const stretch = [points[start]];
  for (let i = start; on[i % on.length] && stretch.length <= points.length; i++) stretch.push(points[(i + 1) % points.length]);
  return stretch;
};
