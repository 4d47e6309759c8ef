// SPDX-License-Identifier: Apache-2.0
/*
 * What a box paints: shadows, background colour and layers, borders. The last item that covers the whole box is in
 * page.whole: text alone in the box may become its text.
 */

const SIDES = ['Top', 'Right', 'Bottom', 'Left'];

function borders(style, opacity) {
  return SIDES.map((side) => ({
    width: /none|hidden/.test(style[`border${side}Style`]) ? 0 : page.px(style[`border${side}Width`]),
    style: style[`border${side}Style`], color: page.fade(page.color(style[`border${side}Color`]), opacity),
  }));
}

const DASH = { dashed: 'dash', dotted: 'dot' };
const same = (a, b) => a.width === b.width && a.style === b.style && a.color.join() === b.color.join();

function lineOf(border) {
  return { color: border.color, width: border.width, dash: DASH[border.style] ?? 'solid', ...dashed(border.style, border.width) };
}

function dashed(style, width) {
  const pattern = page.dashPattern(style, width);
  return pattern && { pattern };
}

const shrink = (radii, by) => radii.map(([rx, ry]) => [Math.max(0, rx - by), Math.max(0, ry - by)]);

/** The shape of a box without paint; inset on all sides. */
function outline(rect, radii, inset, state) {
  const w = Math.max(0, rect.w - 2 * inset);
  const h = Math.max(0, rect.h - 2 * inset);
  return { kind: 'shape', x: rect.x + inset, y: rect.y + inset, w, h, geometry: page.boxGeometry(shrink(radii, inset), w, h), clip: state.clip };
}

page.whole = new WeakSet();

/**
 * @param {Element} el
 * @param {object} state
 * @returns {object[]}
 */
page.boxItems = function boxItems(el, state) {
  const style = page.css(el);
  if (style.visibility !== 'visible' || style.display === 'contents') return [];
  const inner = { ...state, opacity: state.opacity * Number(style.opacity) };
  return [...page.paintBox(el, style, page.rect(el), inner), ...page.columnRules(el, style, inner)];
};

/** The same for each line of an inline element. */
page.inlineBoxes = function inlineBoxes(el, state) {
  const style = page.css(el);
  if (style.visibility !== 'visible' || !painted(style)) return [];
  const inner = { ...state, opacity: state.opacity * Number(style.opacity) };
  return [...el.getClientRects()].filter((r) => r.width > 0).flatMap((r) => page.paintBox(el, style,
    { x: r.left - page.origin.x, y: r.top - page.origin.y, w: r.width, h: r.height }, inner));
};

function painted(style) {
  return page.color(style.backgroundColor)[3] > 0 || style.backgroundImage !== 'none' || style.boxShadow !== 'none'
    || style.outlineStyle !== 'none' || SIDES.some((side) => page.px(style[`border${side}Width`]) > 0);
}

page.paintBox = function paintBox(el, style, rect, state) {
  if (!painted(style) || rect.w <= 0 || rect.h <= 0) return [];
  const edges = borders(style, state.opacity);
  const radii = page.radii(style, rect.w, rect.h);
  const uniform = edges.every((e) => same(e, edges[0]));
  const line = uniform && edges[0].width > 0 && edges[0].color[3] > 0 ? lineOf(edges[0]) : null;
  const shadows = page.shadowList(style.boxShadow).map((s) => ({ ...s, color: page.fade(s.color, state.opacity) }));
  const items = fills(el, style, rect, radii, state, line ? line.width / 2 : 0);
  const solid = items.filter((item) => item.kind === 'shape' && item.whole);
  if (line) {
    const top = items.at(-1)?.whole ? items.at(-1) : null;
    if (top) top.line = line;
    else items.push({ ...outline(rect, radii, line.width / 2, state), line, whole: true });
  }
  const carrier = solid[0] ?? items.find((item) => item.whole);
  if (shadows.length) page.castShadows(shadows, items, carrier, { rect, radii, state, full: page.replaced(el) });
  if (!uniform) items.push(...page.sideBorders(rect, radii, edges, state));
  if (style.outlineStyle !== 'none' && style.outlineStyle !== 'auto' && page.px(style.outlineWidth) > 0) {
    items.push(outlineItem(style, rect, radii, state));
  }
  return finish(items, el, state);
};

function outlineItem(style, rect, radii, state) {
  const width = page.px(style.outlineWidth);
  const line = { color: page.fade(page.color(style.outlineColor), state.opacity), width, dash: DASH[style.outlineStyle] ?? 'solid' };
  return { ...outline(rect, radii, -page.px(style.outlineOffset) - width / 2, state), line };
}

/** Says which shape may take text, and gives the first one name and link. */
function finish(items, el, state) {
  for (const item of items) {
    if (item.whole) page.whole.add(item);
    delete item.whole;
  }
  const label = el.getAttribute('role') === 'img' || el.getAttribute('aria-label') ? page.label(el) : '';
  if (items.length && label) items[0].alt = label;
  if (items.length && (el.tagName === 'A' && el.href || state.link)) items.at(-1).link = el.tagName === 'A' ? el.href : state.link;
  return items;
}

/** Background colour and layers, the lowest first. */
function fills(el, style, rect, radii, state, inset) {
  const items = [];
  const color = page.fade(page.color(style.backgroundColor), state.opacity);
  const layers = page.layers(style).reverse();
  const clipped = (style.backgroundClip || '').split(',')[0] === 'text';
  if (clipped) return items;
  const add = (fill, by = inset) => items.push({ ...outline(rect, radii, by, state), fill, whole: true });
  if (color[3] > 0) add({ type: 'solid', color });
  for (const layer of layers) {
    const fill = covers(layer, rect) && page.gradient(layer.image, rect, state.opacity);
    const border = layer.clip === 'padding-box' ? page.px(style.borderTopWidth) : 0;
    if (fill && opaque(fill) && !border) items.length = 0; // nothing below shows
    if (fill) add(fill, border || inset);
    else items.push(...page.layerItems(layer, el, rect, radii, state));
  }
  return items;
}

const opaque = (fill) => fill.stops.every(([, c]) => c[3] >= 1);

function covers(layer, rect) {
  if (layer.size === 'auto' || layer.size === 'cover' || layer.size === 'contain' || layer.size === 'auto auto') return true;
  const [w, h = 'auto'] = layer.size.split(' ');
  const whole = (text, size) => text === 'auto' || text === '100%' || parseFloat(text) >= size && text.endsWith('px');
  return whole(w, rect.w) && whole(h, rect.h);
}

/** Shadows go to the shape that casts them; rings and further ones are shapes of their own. */
page.castShadows = function castShadows(shadows, items, carrier, { rect, radii, state, full }) {
  const own = [];
  const behind = [];
  const glassy = !full && !(carrier?.fill?.stops ?? [[0, carrier?.fill?.color ?? [0, 0, 0, 0]]]).some(([, c]) => c[3] >= 0.5);
  for (const s of shadows) {
    const ring = !s.inset && s.blur === 0 && s.dx === 0 && s.dy === 0 && s.spread > 0;
    if (ring) {
      const line = { color: s.color, width: s.spread, dash: 'solid' };
      const grown = radii.map(([rx, ry]) => (rx ? [rx + s.spread, ry + s.spread] : [0, 0]));
      const big = { x: rect.x - s.spread, y: rect.y - s.spread, w: rect.w + 2 * s.spread, h: rect.h + 2 * s.spread };
      behind.unshift({ ...outline(big, grown, s.spread / 2, state), line });
    } else if (glassy && !s.inset && carrier?.kind !== 'picture') {
      continue; // it would show through: in CSS a box hides its own shadow
    } else if (!own.some((o) => o.inset === s.inset)) {
      own.push(s);
    } else if (!s.inset && s.color[3] > 0.02) {
      behind.unshift({ ...outline(rect, radii, 0.5, state), fill: carrier?.fill ?? { type: 'solid', color: [255, 255, 255, 0] }, shadows: [s] });
    }
  }
  if (own.length && carrier) carrier.shadows = own;
  else if (own.length) behind.push({ ...outline(rect, radii, 0, state), shadows: own });
  items.unshift(...behind);
};
