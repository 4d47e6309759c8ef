// SPDX-License-Identifier: Apache-2.0
/*
 * Transforms: the element is put upright (translate(0) keeps it a containing block), its subtree extracted, and the
 * items are mapped by the matrix. What only moves needs nothing: rectangles already say so.
 */

/** The whole matrix of an element about its origin, in slide coordinates. */
function matrixOf(el, style) {
  const m = new DOMMatrix();
  if (style.translate !== 'none') {
    const [x, y] = style.translate.split(' ');
    m.translateSelf(length(x, el.offsetWidth), length(y ?? '0', el.offsetHeight));
  }
  if (style.rotate !== 'none') m.rotateSelf(angle(style.rotate));
  if (style.scale !== 'none') {
    const [x, y] = style.scale.split(' ').map(Number);
    m.scaleSelf(x, y ?? x);
  }
  return style.transform === 'none' ? m : m.multiply(new DOMMatrix(style.transform));
}

const length = (text, whole) => (text.endsWith('%') ? parseFloat(text) / 100 * whole : parseFloat(text));
const angle = (text) => parseFloat(text) * (/rad$/.test(text) ? 180 / Math.PI : /turn$/.test(text) ? 360 : 1);

/**
 * @param {Element} el
 * @param {CSSStyleDeclaration} style
 * @param {() => object[]} extract  called with the element upright
 */
page.transformed = function transformed(el, style, extract) {
  if (style.transform === 'none' && style.rotate === 'none' && style.scale === 'none') return extract();
  const m = matrixOf(el, style);
  if (!m.is2D) return page.raster(el, '3D transform');
  const still = m.a === 1 && m.b === 0 && m.c === 0 && m.d === 1;
  if (still) return extract();
  const uniform = Math.abs(m.a - m.d) < 1e-3 && Math.abs(m.b + m.c) < 1e-3;
  const straight = Math.abs(m.b) < 1e-4 && Math.abs(m.c) < 1e-4 && m.a > 0 && m.d > 0;
  if (m.a * m.d - m.b * m.c < 1e-6 && Math.abs(m.a * m.d - m.b * m.c) < 1e-6) return [];
  if (!uniform && !straight) return page.raster(el, 'skew or flip');
  const kept = el.getAttribute('style');
  for (const [name, value] of [['transform', 'translate(0)'], ['rotate', 'none'], ['scale', 'none'], ['translate', 'none'],
    ['transition', 'none'], ['animation', 'none']]) {
    el.style.setProperty(name, value, 'important');
  }
  const box = page.rect(el);
  const [ox, oy] = page.css(el).transformOrigin.split(' ').map(parseFloat);
  const items = extract();
  if (kept === null) el.removeAttribute('style');
  else el.setAttribute('style', kept);
  const whole = new DOMMatrix().translateSelf(box.x + ox, box.y + oy).multiplySelf(m).translateSelf(-box.x - ox, -box.y - oy);
  for (const item of items) page.mapItem(item, whole);
  return items;
};

/** Moves, turns and scales an item. */
page.mapItem = function mapItem(item, m) {
  const sx = Math.hypot(m.a, m.b);
  const sy = Math.hypot(m.c, m.d);
  const turn = Math.atan2(m.b, m.a) * 180 / Math.PI;
  const centre = m.transformPoint({ x: item.x + item.w / 2, y: item.y + item.h / 2 });
  const old = { x: item.x, y: item.y };
  item.w *= sx;
  item.h *= sy;
  item.x = centre.x - item.w / 2;
  item.y = centre.y - item.h / 2;
  if (Math.abs(turn) > 0.01) item.rot = ((item.rot ?? 0) + turn + 360) % 360;
  const move = { sx, sy, dx: item.x - old.x * sx, dy: item.y - old.y * sy };
  if (item.clip) item.clip = Math.abs(turn) > 0.01 ? [] : item.clip.map((c) => scaleClip(c, move));
  scalePaint(item, sx, sy);
  if (item.text) scaleText(item.text, move);
  for (const inner of item.items ?? []) page.mapItem(inner, m);
  if (item.kind === 'group') Object.assign(item, page.bounds(item.items), { rot: undefined });
  if (item.cells) scaleTable(item, move);
};

function scaleClip(clip, { sx, sy, dx, dy }) {
  return {
    x: clip.x * sx + dx, y: clip.y * sy + dy, w: clip.w * sx, h: clip.h * sy,
    ...(clip.radii && { radii: clip.radii.map((r) => r * sx) }),
    ...(clip.points && { points: clip.points.map(([x, y]) => [x * sx + dx, y * sy + dy]) }),
  };
}

function scalePaint(item, sx, sy) {
  if (item.line) {
    item.line.width *= (sx + sy) / 2;
    item.line.pattern &&= item.line.pattern.map((v) => v * (sx + sy) / 2);
  }
  if (item.soft) item.soft *= sx;
  for (const s of item.shadows ?? []) for (const key of ['dx', 'dy', 'blur', 'spread']) s[key] *= sx;
  const { geometry } = item;
  if (geometry?.type === 'round') geometry.r *= Math.min(sx, sy);
  if (geometry?.type === 'path') {
    geometry.paths = geometry.paths.map((path) => path.map(([op, ...n]) => [op, ...n.map((v, i) => v * (i % 2 ? sy : sx))]));
  }
}

function scaleText(text, move) {
  const { sx, sy, dx, dy } = move;
  const seen = new Map();
  text.box = { x: text.box.x * sx + dx, y: text.box.y * sy + dy, w: text.box.w * sx, h: text.box.h * sy };
  for (const paragraph of text.paragraphs) {
    paragraph.pitch *= sy;
    for (const line of paragraph.lines) {
      Object.assign(line, { x: line.x * sx + dx, w: line.w * sx, baseline: line.baseline * sy + dy, size: line.size * sy });
      if (line.next) line.next *= sx;
      for (const run of line.runs) {
        if (run.gap) run.gap *= sx;
        if (sy === 1) continue;
        if (!seen.has(run.style)) {
          const style = page.styles[run.style];
          seen.set(run.style, page.styleIndex({ ...style, size: style.size * sy, spacing: style.spacing * sx }));
        }
        run.style = seen.get(run.style);
      }
    }
  }
}

function scaleTable(item, { sx, sy, dx, dy }) {
  item.cols = item.cols.map((w) => w * sx);
  item.rows = item.rows.map((h) => h * sy);
  for (const cell of item.cells) {
    Object.assign(cell, { x: cell.x * sx + dx, y: cell.y * sy + dy, w: cell.w * sx, h: cell.h * sy });
    if (cell.text) scaleText(cell.text, { sx, sy, dx, dy });
  }
}

page.bounds = function bounds(items) {
  const x = Math.min(...items.map((i) => i.x));
  const y = Math.min(...items.map((i) => i.y));
  return { x, y, w: Math.max(...items.map((i) => i.x + i.w)) - x, h: Math.max(...items.map((i) => i.y + i.h)) - y };
};
