// SPDX-License-Identifier: Apache-2.0
/*
 * Inline SVG as a group of native shapes, its labels as text. What shapes cannot say (filters, masks, patterns, clip
 * paths, pictures...) makes the whole SVG a picture, with the SVG itself beside it.
 */

const DRAWN = new Set('rect circle ellipse line polyline polygon path text'.split(' '));
const HOLDERS = new Set('svg g a switch symbol'.split(' '));
const SILENT = new Set('defs title desc style metadata linearGradient radialGradient stop script clipPath mask pattern filter marker symbol'.split(' '));
const MOST_SHAPES = 600;

function reasonAgainst(svg) {
  const all = [...svg.querySelectorAll('*')].filter((el) => !el.closest('defs'));
  if (all.length > MOST_SHAPES) return 'many shapes';
  for (const el of all) {
    const name = el.localName;
    if (!DRAWN.has(name) && !HOLDERS.has(name) && !SILENT.has(name) && name !== 'tspan' && name !== 'use') return name;
    const style = page.css(el);
    if (style.filter !== 'none' && !SILENT.has(name)) return 'filter';
    if (style.maskImage !== 'none' && style.mask && style.mask !== 'none' && !/^none/.test(style.mask)) return 'mask';
    if (style.clipPath !== 'none' && !SILENT.has(name)) return 'clip path';
    if (style.mixBlendMode !== 'normal') return 'blend mode';
    if (/url\(/.test(style.markerMid)) return 'marker';
  }
  return '';
}

/** Items of an SVG element of the page. */
page.svgItems = function svgItems(el, style, state) {
  const r = page.rect(el);
  if (r.w < 0.5 || r.h < 0.5) return [];
  page.expandUses(el);
  const box = page.boxItems(el, state);
  const reason = reasonAgainst(el);
  const context = { opacity: state.opacity * Number(style.opacity), items: [], svg: el, state };
  if (!reason && drawAll(el, context)) {
    const items = context.items.map((item) => ({ ...item, clip: state.clip }));
    return [...box, ...grouped(items, el, state)];
  }
  return page.svgPicture(el, reason || 'paint');
};

function grouped(items, el, state) {
  const alt = page.label(el) || el.querySelector(':scope > title')?.textContent.trim();
  if (!items.length) return [];
  if (items.length === 1) return [alt ? { ...items[0], alt } : items[0]];
  return [{ kind: 'group', ...page.bounds(items), items, ...(alt && { alt }), ...(state.link && { link: state.link }) }];
}

/** The SVG by itself as a capture in twice its size, and as a file for who can show it. */
page.svgPicture = function svgPicture(el, reason) {
  return page.raster(el, `svg: ${reason}`, { scale: 2, svg: page.svgSource(el) ?? undefined });
};

/** Draws the children of a holder; false when something needs a picture. */
function drawAll(holder, context) {
  for (const el of holder.children) {
    const name = el.localName;
    if (SILENT.has(name) && !(name === 'symbol')) continue;
    if (name === 'symbol') continue;
    const style = page.css(el);
    if (style.display === 'none' || style.opacity === '0') continue;
    const inner = { ...context, opacity: context.opacity * Number(style.opacity) };
    if (HOLDERS.has(name)) {
      if (!drawAll(el, inner)) return false;
    } else if (name === 'use') {
      return false;
    } else if (style.visibility === 'visible' && !(name === 'text' ? page.svgText(el, inner) : drawShape(el, style, inner))) {
      return false;
    }
  }
  return true;
}

const number = (el, name) => el[name]?.baseVal?.value ?? 0;

/** The outline of a shape in its own coordinates. */
function stepsOf(el) {
  const n = (name) => number(el, name);
  const round = (cx, cy, rx, ry) => [['M', cx + rx, cy], ...page.arcCubics([cx, cy], [rx, ry], 0, 2 * Math.PI), ['Z']];
  if (el.localName === 'circle') return round(n('cx'), n('cy'), n('r'), n('r'));
  if (el.localName === 'ellipse') return round(n('cx'), n('cy'), n('rx'), n('ry'));
  if (el.localName === 'line') return [['M', n('x1'), n('y1')], ['L', n('x2'), n('y2')]];
  if (el.localName === 'rect') {
    const [rx, ry] = corner(el);
    return page.roundPath(n('width'), n('height'), Array(4).fill([rx, ry])).map(([op, ...v]) => [op, ...v.map((c, i) => c + (i % 2 ? n('y') : n('x')))]);
  }
  if (el.localName === 'path') return page.pathSteps(el.getAttribute('d') ?? (page.css(el).d.match(/"(.*)"/)?.[1] ?? ''));
  const points = [...el.points].map(({ x, y }, i) => [i ? 'L' : 'M', x, y]);
  return el.localName === 'polygon' ? [...points, ['Z']] : points;
}

function corner(el) {
  const [w, h] = [number(el, 'width'), number(el, 'height')];
  const given = ['rx', 'ry'].map((name) => (el.hasAttribute(name) || page.css(el)[name] !== 'auto' ? number(el, name) || page.px(page.css(el)[name]) : null));
  const [rx, ry] = [given[0] ?? given[1] ?? 0, given[1] ?? given[0] ?? 0];
  return [Math.min(rx, w / 2), Math.min(ry, h / 2)];
}

/** From the coordinates of a shape to those of the slide. */
page.slideMatrix = function slideMatrix(el) {
  const m = el.getScreenCTM();
  return m && new DOMMatrix([m.a, m.b, m.c, m.d, m.e - page.origin.x, m.f - page.origin.y]);
};

function boundsOf(steps) {
  const points = page.flatten(steps, 8);
  const xs = points.map(([x]) => x);
  const ys = points.map(([, y]) => y);
  const [x, y] = [Math.min(...xs), Math.min(...ys)];
  return { x, y, w: Math.max(...xs) - x, h: Math.max(...ys) - y };
}

/** Rectangles and circles that stay upright are presets. */
function geometryOf(el, m, steps, box) {
  const straight = Math.abs(m.b) < 1e-4 && Math.abs(m.c) < 1e-4;
  if (el.localName === 'circle' || el.localName === 'ellipse' && straight) return { type: 'ellipse' };
  if (el.localName === 'rect' && straight) {
    const r = corner(el)[0] * Math.abs(m.a);
    if (r < 0.25) return { type: 'rect' };
    if (Math.abs(corner(el)[1] * Math.abs(m.d) - r) < 0.5) return { type: 'round', r };
  }
  return { type: 'path', paths: [steps.map(([op, ...n]) => [op, ...n.map((v, i) => v - (i % 2 ? box.y : box.x))])] };
}

function drawShape(el, style, context) {
  const m = page.slideMatrix(el);
  const own = stepsOf(el);
  if (!own || !m) return false;
  if (own.length < 2) return true;
  const steps = page.mapSteps(own, m);
  const box = boundsOf(steps);
  const fill = el.localName === 'line' ? null : page.svgPaint(el, style.fill, style.fillOpacity, context, box, m);
  const stroke = page.svgPaint(el, style.stroke, style.strokeOpacity, context, box, m);
  if (fill === undefined || stroke === undefined) return false;
  const line = page.svgLine(el, style, stroke, m);
  if (!fill && !line) return true;
  if (line?.dashes) {
    if (fill) context.items.push({ kind: 'shape', ...box, geometry: geometryOf(el, m, steps, box), fill });
    return page.svgDashes(el, own, line, m, context);
  }
  const link = el.closest('a')?.href?.baseVal;
  context.items.push({
    kind: 'shape', ...box, geometry: geometryOf(el, m, steps, box), ...(fill && { fill }), ...(line && { line }), ...(link && { link }),
  });
  return true;
}
