// SPDX-License-Identifier: Apache-2.0
/* Borders whose sides differ: bars, dashed lines, rounded accents, triangles. */

const polygon = (rect, points, color, state) => ({
  kind: 'shape', ...rect, clip: state.clip, fill: { type: 'solid', color },
  geometry: { type: 'path', paths: [[...points.map(([x, y], i) => [i ? 'L' : 'M', x, y]), ['Z']]] },
});

/** The four trapezoids of a border, relative to the box: a triangle when the box has no inside. */
function trapezoid(i, w, h, [t, r, b, l]) {
  const outer = [[0, 0], [w, 0], [w, h], [0, h]];
  const inner = [[l, t], [w - r, t], [w - r, h - b], [l, h - b]];
  const next = (i + 1) % 4;
  return [outer[i], outer[next], inner[next], inner[i]];
}

/** A straight side as a filled rectangle, or as a line when it is dashed. */
function bar(i, rect, edge, state) {
  const { x, y, w, h } = rect;
  const { width } = edge;
  const boxes = [
    { x, y, w, h: width }, { x: x + w - width, y, w: width, h }, { x, y: y + h - width, w, h: width }, { x, y, w: width, h },
  ];
  const box = boxes[i];
  if (!/dashed|dotted/.test(edge.style)) return { kind: 'shape', ...box, geometry: { type: 'rect' }, fill: { type: 'solid', color: edge.color }, clip: state.clip };
  const flat = i % 2 === 0;
  const middle = flat ? { x: box.x, y: box.y + width / 2, w: box.w, h: 0 } : { x: box.x + width / 2, y: box.y, w: 0, h: box.h };
  const path = [['M', 0, 0], ['L', middle.w, middle.h]];
  const pattern = page.dashPattern(edge.style, width);
  const line = { color: edge.color, width, dash: edge.style === 'dashed' ? 'dash' : 'dot', ...(pattern && { pattern }) };
  return { kind: 'shape', ...middle, geometry: { type: 'path', paths: [path] }, line, clip: state.clip };
}

/** The part of a rounded box that belongs to a side: up to its neighbours' corners, or all up to the middle. */
function sideArea(i, w, h, widths) {
  const corners = [[0, 0], [w, 0], [w, h], [0, h]];
  const at = (k) => corners[(k + 4) % 4];
  const centre = [w / 2, h / 2];
  const before = widths[(i + 3) % 4] === 0;
  const after = widths[(i + 1) % 4] === 0;
  const middle = (p, q) => [(p[0] + q[0]) / 2, (p[1] + q[1]) / 2];
  if (before && after) return [at(i), at(i + 1), middle(at(i + 1), at(i + 2)), middle(at(i), at(i + 3))];
  if (after) return [at(i), at(i + 1), at(i + 2), centre];
  return before ? [at(i - 1), at(i), at(i + 1), centre] : [at(i), at(i + 1), centre];
}

/** A side of a rounded box: what lies between the outer and the inner outline in the side's part of the box. */
function roundedSide(i, rect, radii, edges, state) {
  const widths = edges.map((e) => e.width);
  const [t, r, b, l] = widths;
  const { w, h } = rect;
  const innerRadii = radii.map(([rx, ry], k) => [Math.max(0, rx - (k === 0 || k === 3 ? l : r)), Math.max(0, ry - (k < 2 ? t : b))]);
  const inner = page.roundPath(w - l - r, h - t - b, innerRadii).map(([op, ...n]) => [op, ...n.map((v, k) => v + (k % 2 ? t : l))]);
  const area = sideArea(i, w, h, widths);
  const [outside, inside] = [page.roundPath(w, h, radii), inner].map((path) => page.alongOutline(page.flatten(path), area));
  if (outside.length < 2) return null;
  return polygon(rect, [...outside, ...inside.reverse()], edges[i].color, state);
}

page.sideBorders = function sideBorders(rect, radii, edges, state) {
  const widths = edges.map((e) => e.width);
  const hollow = rect.w <= widths[1] + widths[3] + 0.5 || rect.h <= widths[0] + widths[2] + 0.5;
  const round = radii.flat().some((r) => r > 1);
  return edges.map((edge, i) => {
    if (!edge.width || edge.color[3] === 0) return null;
    if (hollow && widths.filter((width) => width > 0).length > 1) {
      return polygon(rect, trapezoid(i, rect.w, rect.h, widths), edge.color, state);
    }
    return round ? roundedSide(i, rect, radii, edges, state) : bar(i, rect, edge, state);
  }).filter(Boolean);
};
