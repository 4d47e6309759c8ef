// SPDX-License-Identifier: Apache-2.0
/* Elements that are painted as one thing: pictures, canvases, SVG, tables; and what only a capture can show. */

/** Items of an element whose children are not walked, or null. */
page.leaf = function leaf(el, state) {
  const style = page.css(el);
  if (style.visibility !== 'visible' && page.replaced(el)) return [];
  const reason = page.needsCapture(el, style);
  if (reason) return page.raster(el, reason);
  const blur = page.blurOf(el, style);
  if (blur) return page.blurred(page.boxItems(el, state), blur);
  if (page.isIcon(el)) return style.visibility === 'visible' ? page.iconItems(el, state) : [];
  if (el.tagName === 'IMG') return page.imageItems(el, style, state);
  if (el.tagName === 'CANVAS') return canvasItems(el, style, state);
  if (el.tagName === 'svg') return page.svgItems(el, style, state);
  if (page.tableItems && el.tagName === 'TABLE' && style.display === 'table') return page.tableItems(el, style, state);
  if (el.tagName === 'AUDIO' && !el.controls) return [];
  if (page.replaced(el)) return page.raster(el, el.tagName.toLowerCase());
  return null;
};

const SHOWN_FILTERS = /^(none|grayscale\(1\)|opacity\([^)]*\)| )*$/;

/** Why an element can only be a picture; '' if it need not. */
page.needsCapture = function needsCapture(el, style) {
  if (style.maskImage && style.maskImage !== 'none') return 'mask';
  if (style.mixBlendMode !== 'normal') return 'blend mode';
  if (style.filter !== 'none') {
    const image = /^(IMG|CANVAS|VIDEO)$/.test(el.tagName);
    if (image && SHOWN_FILTERS.test(style.filter)) return '';
    if (/^(drop-shadow\(.*\)|opacity\([^)]*\))$/.test(style.filter) && !image) return '';
    if (/^(brightness|contrast|saturate)\(1(\.0\d*)?\)$/.test(style.filter)) return '';
    return page.blurOf(el, style) ? '' : 'filter';
  }
  if (style.clipPath !== 'none' && !page.clipPath(style.clipPath, { x: 0, y: 0, w: 1, h: 1 })) return 'clip path';
  return '';
};

page.captures = 0;

/** An element as a picture of itself, taken later without what is around it. */
page.raster = function raster(el, reason, { scale = 1, svg } = {}) {
  const style = page.css(el);
  const r = page.rect(el);
  const margin = Math.max(0, ...(style.filter.match(/[\d.]+(?=px)/g) ?? []).map((v) => Number(v) * 3), page.shadowReach(style));
  const x = Math.max(0, r.x - margin);
  const y = Math.max(0, r.y - margin);
  const w = Math.min(page.size.w, r.x + r.w + margin) - x;
  const h = Math.min(page.size.h, r.y + r.h + margin) - y;
  if (w < 1 || h < 1) return [];
  const whole = Math.abs(w - r.w) < 1 && Math.abs(h - r.h) < 1;
  const id = String(++page.captures);
  el.setAttribute('data-deck-capture', id);
  page.warn('picture', el, { reason });
  const media = page.mediaKey({ capture: { id, x: x + page.origin.x + scrollX, y: y + page.origin.y + scrollY, w, h, scale }, ...(svg && whole && { svg }) });
  return [{ kind: 'picture', x, y, w, h, media, alt: page.label(el) || el.textContent.trim().replace(/\s+/g, ' ').slice(0, 200) }];
};

page.shadowReach = function shadowReach(style) {
  return Math.max(0, ...page.shadowList(style.boxShadow).map((s) => (s.inset ? 0 : s.blur + Math.max(Math.abs(s.dx), Math.abs(s.dy)) + s.spread)));
};

/** Where object-fit puts a picture in its box: the part of the box, and what is cut off the picture. */
function fit(style, box, nw, nh) {
  const how = style.objectFit;
  if (how === 'fill' || !nw || !nh) return { box, crop: null };
  let k = (how === 'cover' ? Math.max : Math.min)(box.w / nw, box.h / nh);
  if (how === 'none') k = 1;
  if (how === 'scale-down') k = Math.min(1, k);
  const [w, h] = [nw * k, nh * k];
  const [px, py = '50%'] = style.objectPosition.split(' ');
  const value = (text, free) => (text.endsWith('%') ? parseFloat(text) / 100 * free : parseFloat(text));
  const x = value(px, box.w - w);
  const y = value(py, box.h - h);
  const part = { x: Math.max(0, x), y: Math.max(0, y), x1: Math.min(box.w, x + w), y1: Math.min(box.h, y + h) };
  return {
    box: { x: box.x + part.x, y: box.y + part.y, w: part.x1 - part.x, h: part.y1 - part.y },
    crop: { l: (part.x - x) / w, t: (part.y - y) / h, r: 1 - (part.x1 - x) / w, b: 1 - (part.y1 - y) / h },
  };
}

/** A picture in the content box of its element, with the element's own box around it. */
function replacedItem(el, style, state, media, natural) {
  const opacity = state.opacity * Number(style.opacity);
  const outer = page.rect(el);
  const content = page.contentBox(el);
  const radii = page.radii(style, outer.w, outer.h);
  const inset = content.x - outer.x;
  const { box, crop } = fit(style, content, natural.w, natural.h);
  if (box.w <= 0 || box.h <= 0) return [];
  const whole = Math.abs(box.w - content.w) < 1 && Math.abs(box.h - content.h) < 1;
  const inner = radii.map(([rx, ry]) => [Math.max(0, rx - inset), Math.max(0, ry - inset)]);
  const behind = page.boxItems(el, state);
  const picture = {
    kind: 'picture', ...box, media, geometry: whole ? page.boxGeometry(inner, box.w, box.h) : { type: 'rect' },
    clip: state.clip, alpha: opacity, alt: page.label(el),
    ...(crop && { crop }), ...(/grayscale\(1\)/.test(style.filter) && { grey: true }), ...(state.link && { link: state.link }),
  };
  if (behind.length === 1 && whole && behind[0].shadows && !behind[0].line) {
    return [{ ...picture, shadows: behind[0].shadows.filter((s) => !s.inset) }];
  }
  return [...behind, picture];
}

page.imageItems = function imageItems(el, style, state) {
  const url = el.currentSrc || el.src;
  if (!el.naturalWidth || !url) {
    page.warn('missing-asset', el, { url: url.slice(0, 200) });
    return brokenImage(el, style, state);
  }
  return replacedItem(el, style, state, page.mediaKey({ url }), { w: el.naturalWidth, h: el.naturalHeight });
};

/** A picture that is not there: its box, and its alternative text as the browser shows it. */
function brokenImage(el, style, state) {
  return page.boxItems(el, state);
}

function canvasItems(el, style, state) {
  let data;
  try {
    data = el.toDataURL('image/png').split(',')[1];
  } catch {
    return page.raster(el, 'canvas');
  }
  if (!el.width || !el.height || !data) return [];
  const items = replacedItem(el, style, state, page.mediaKey({ type: 'image/png', data }), { w: el.width, h: el.height });
  const found = page.charts?.[el.dataset.deckChart];
  if (found?.reason) page.warn('picture', el, { reason: `chart: ${found.reason}` });
  if (found?.chart && items.length) items.push(chartItem(items.pop(), found.chart, style));
  return items;
}

/** The chart that a canvas shows; its picture is kept for where it cannot be one. */
function chartItem(picture, chart, style) {
  const family = chart.family || style.fontFamily;
  const font = {
    family, weight: 400, italic: false, size: 12, color: [0, 0, 0, 1], spacing: 0, underline: false, strike: false, lang: page.language,
  };
  return { ...picture, kind: 'chart', chart, style: page.styleIndex(font), alt: picture.alt || chart.title?.text || chartName(chart) };
}

function chartName({ type, series }) {
  const names = series.map((s) => s.name).filter(Boolean);
  return `${type[0].toUpperCase()}${type.slice(1)} chart${names.length ? `: ${names.join(', ')}` : ''}`.slice(0, 200);
}
