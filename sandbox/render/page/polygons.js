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
