// SPDX-License-Identifier: Apache-2.0
/*
 * Background layers that no fill can say: pictures (as they are, cropped), conic gradients (wedges where the colours
 * are hard, else painted), radial ones off the centre and patterns (painted on a canvas).
 */

const MAX_CANVAS = 960;

/** Size of a layer's tile in px. */
function tileSize(layer, box, natural) {
  const ratio = natural.w / natural.h;
  if (layer.size === 'cover' || layer.size === 'contain') {
    const k = (layer.size === 'cover' ? Math.max : Math.min)(box.w / natural.w, box.h / natural.h);
    return { w: natural.w * k, h: natural.h * k };
  }
  const [a, b = 'auto'] = layer.size.split(' ');
  const value = (text, whole) => (text === 'auto' ? null : text.endsWith('%') ? parseFloat(text) / 100 * whole : parseFloat(text));
  let [w, h] = [value(a, box.w), value(b, box.h)];
  if (w === null && h === null) [w, h] = [natural.w, natural.h];
  else if (w === null) w = natural.fixed === false ? box.w : h * ratio;
  else if (h === null) h = natural.fixed === false ? box.h : w / ratio;
  return { w, h };
}

function tileOffset(layer, box, tile) {
  const value = (text, free) => {
    if (text.startsWith('calc')) {
      const [, percent, px] = /([-\d.]+)% \+ ([-\d.]+)px/.exec(text) ?? [0, 0, 0];
      return Number(percent) / 100 * free + Number(px);
    }
    return text.endsWith('%') ? parseFloat(text) / 100 * free : parseFloat(text);
  };
  const [x, y = '50%'] = page.split(layer.position, ' ');
  return { x: value(x, box.w - tile.w), y: value(y, box.h - tile.h) };
}

/**
 * @param {object} layer  as page.layers() says
 * @returns {object[]}
 */
page.layerItems = function layerItems(layer, el, rect, radii, state) {
  const base = { x: rect.x, y: rect.y, w: rect.w, h: rect.h, geometry: page.boxGeometry(radii, rect.w, rect.h), clip: state.clip };
  const url = /^url\("(.*)"\)$/s.exec(layer.image)?.[1];
  if (url) return pictureLayer(url, layer, el, base, state);
  const gradient = page.readGradient(layer.image, { w: rect.w, h: rect.h }, state.opacity);
  if (!gradient) return page.raster(el, 'background');
  if (gradient.type === 'conic') {
    const wedges = page.wedges(gradient, base);
    if (wedges) return wedges;
  }
  if (gradient.type === 'radial' && layer.size === 'auto') {
    const circle = circleItems(gradient, base);
    if (circle) return circle;
  }
  const [w, h] = [Math.max(1, rect.w), Math.max(1, rect.h)];
  const tile = tileSize(layer, rect, { w, h, fixed: false });
  if (tile.w < 0.5 || tile.h < 0.5) return [];
  const offset = tileOffset(layer, rect, tile);
  const pattern = page.patternItems(layer, page.readGradient(layer.image, tile, state.opacity), base, tile, offset);
  return pattern ?? page.paintedLayer(layer, el, base, tile, offset, state);
};

const wholeSlide = (box) => box.x <= 1 && box.y <= 1 && box.x + box.w >= page.size.w - 1 && box.y + box.h >= page.size.h - 1;

/**
 * A round gradient off the centre: a circle with a centred one, on the colour around it. Only where the circle may be
 * seen whole, or is cut by the edge of the slide.
 */
function circleItems(g, base) {
  if (g.repeating || Math.abs(g.rx - g.ry) > 0.02 * g.rx) return null;
  const last = g.stops.at(-1);
  const r = g.rx * last[0];
  const [x, y] = [base.x + g.cx * base.w - r, base.y + g.cy * base.h - r];
  const within = x >= base.x - 1 && y >= base.y - 1 && x + 2 * r <= base.x + base.w + 1 && y + 2 * r <= base.y + base.h + 1;
  if (r <= 0 || !within && !(wholeSlide(base) && base.geometry.type === 'rect' && r < 4 * base.w)) return null;
  const around = last[1][3] > 0 ? [{ kind: 'shape', ...base, fill: { type: 'solid', color: last[1] } }] : [];
  if (around.length && last[1][3] < 1) return null;
  const stops = page.trimStops(g.stops.map(([p, c]) => [p / last[0] / Math.SQRT2, c]));
  return [...around, { kind: 'shape', x, y, w: 2 * r, h: 2 * r, geometry: { type: 'ellipse' }, fill: { type: 'radial', cx: 0.5, cy: 0.5, stops }, clip: base.clip }];
}

/** A picture layer: one tile as a cropped picture; several are painted. */
function pictureLayer(url, layer, el, base, state) {
  const image = page.images.get(url);
  if (!image?.naturalWidth) {
    page.warn('missing-asset', el, { url: url.slice(0, 200) });
    return [];
  }
  const tile = tileSize(layer, base, { w: image.naturalWidth, h: image.naturalHeight });
  const at = tileOffset(layer, base, tile);
  const fills = at.x <= 0.5 && at.y <= 0.5 && at.x + tile.w >= base.w - 0.5 && at.y + tile.h >= base.h - 0.5;
  const media = page.mediaKey({ url });
  const paint = { kind: 'picture', media, alpha: state.opacity, alt: page.label(el) };
  if (fills) {
    const crop = { l: -at.x / tile.w, t: -at.y / tile.h, r: 1 - (base.w - at.x) / tile.w, b: 1 - (base.h - at.y) / tile.h };
    return [{ ...base, ...paint, crop }];
  }
  if (layer.repeat.startsWith('no-repeat')) {
    const clip = [...state.clip, { x: base.x, y: base.y, w: base.w, h: base.h }];
    return [{ ...base, ...paint, x: base.x + at.x, y: base.y + at.y, w: tile.w, h: tile.h, geometry: { type: 'rect' }, clip }];
  }
  return page.paintedLayer(layer, el, base, tile, at, state, image);
}

/** Paints tiles of a gradient or picture on a canvas. */
page.paintedLayer = function paintedLayer(layer, el, base, tile, at, state, image) {
  const detailed = tile.w < 200 || tile.h < 200;
  const k = Math.min(1, (detailed ? 1920 : MAX_CANVAS) / Math.max(base.w, base.h));
  const canvas = document.createElement('canvas');
  canvas.width = Math.max(1, Math.round(base.w * k));
  canvas.height = Math.max(1, Math.round(base.h * k));
  const pen = canvas.getContext('2d');
  pen.scale(k, k);
  const [rx, ry = rx] = layer.repeat.split(' ');
  const start = (repeat, offset, size) => (/no-repeat|repeat-y/.test(repeat) ? offset : offset - Math.ceil(offset / size) * size);
  const [x0, y0] = [start(layer.repeat === 'repeat-y' ? 'no-repeat' : rx, at.x, tile.w), start(layer.repeat === 'repeat-x' ? 'no-repeat' : ry, at.y, tile.h)];
  if ((base.w / tile.w) * (base.h / tile.h) > 40000) return page.raster(el, 'background pattern');
  for (let y = y0; y < base.h; y += tile.h) {
    for (let x = x0; x < base.w; x += tile.w) {
      if (image) pen.drawImage(image, x, y, tile.w, tile.h);
      else page.drawGradient(pen, page.readGradient(layer.image, tile, state.opacity), x, y, tile);
      if (/no-repeat|repeat-y/.test(layer.repeat === 'repeat-y' ? 'no-repeat' : rx)) break;
    }
    if (/no-repeat/.test(layer.repeat === 'repeat-x' ? 'no-repeat' : ry)) break;
  }
  page.warn('picture', el, { reason: image ? 'repeated background' : 'gradient' });
  return [{ kind: 'picture', ...base, media: page.mediaKey({ type: 'image/png', data: canvas.toDataURL().split(',')[1] }) }];
};

/** Draws a gradient into one tile. */
page.drawGradient = function drawGradient(pen, g, x, y, tile) {
  pen.save();
  pen.beginPath();
  pen.rect(x, y, tile.w, tile.h);
  pen.clip();
  pen.translate(x, y);
  let paint;
  if (g.type === 'linear') {
    const a = g.angle * Math.PI / 180;
    const [dx, dy] = [Math.sin(a) * g.whole / 2, -Math.cos(a) * g.whole / 2];
    paint = pen.createLinearGradient(tile.w / 2 - dx, tile.h / 2 - dy, tile.w / 2 + dx, tile.h / 2 + dy);
  } else if (g.type === 'radial') {
    pen.translate(g.cx * tile.w, g.cy * tile.h);
    pen.scale(1, g.ry / g.rx || 1);
    paint = pen.createRadialGradient(0, 0, 0, 0, 0, g.rx || 1);
  } else {
    paint = pen.createConicGradient((g.from - 90) * Math.PI / 180, g.cx * tile.w, g.cy * tile.h);
  }
  for (const [p, c] of page.trimStops(repeated(g))) paint.addColorStop(Math.min(1, Math.max(0, p)), `rgba(${c.map((v, i) => (i < 3 ? Math.round(v) : v)).join()})`);
  pen.fillStyle = paint;
  pen.fillRect(-4 * tile.w, -4 * tile.h * (g.rx / g.ry || 1), 9 * tile.w, 9 * tile.h * (g.rx / g.ry || 1));
  pen.restore();
};

/** Stops of a repeating gradient, written out from 0 to 1. */
function repeated(g) {
  const first = g.stops[0][0];
  const period = g.stops.at(-1)[0] - first;
  if (!g.repeating || period <= 0.0005) return g.stops;
  const all = [];
  for (let k = Math.floor(-first / period) - 1; first + k * period < 1 && all.length < 4000; k++) {
    all.push(...g.stops.map(([p, c]) => [p + k * period, c]));
  }
  return all;
}

/** A conic gradient with hard edges as wedges; null when colours flow. */
page.wedges = function wedges(g, base) {
  if (g.repeating) return null;
  const stops = page.trimStops(g.stops);
  const parts = [];
  for (let i = 1; i < stops.length; i++) {
    const [[from, c1], [to, c2]] = [stops[i - 1], stops[i]];
    if (to - from < 0.002) continue;
    if (c1.join() !== c2.join()) return null;
    const last = parts.at(-1);
    if (last && last.color.join() === c1.join()) last.to = to;
    else parts.push({ from, to, color: c1 });
  }
  const outline = page.flatten(base.geometry.type === 'path' ? base.geometry.paths[0] : ringPath(base));
  return parts.filter((p) => p.color[3] > 0).map((part) => ({
    kind: 'shape', ...base, fill: { type: 'solid', color: part.color },
    geometry: { type: 'path', paths: [page.pointsPath(wedge(g, part, base, outline))] },
  }));
};

function ringPath({ geometry, w, h }) {
  const r = geometry.type === 'ellipse' ? [w / 2, h / 2] : geometry.type === 'round' ? [geometry.r, geometry.r] : [0, 0];
  return page.roundPath(w, h, [r, r, r, r]);
}

/** The outline cut to the wedge; in steps below a quarter turn, each convex, joined at the centre. */
function wedge(g, { from, to }, { w, h }, outline) {
  const reach = 2 * Math.hypot(w, h);
  const centre = [g.cx * w, g.cy * h];
  const steps = Math.ceil((to - from) * 8);
  const rim = [];
  for (let i = 0; i < steps; i++) {
    const [a, b] = [i, i + 1].map((k) => (from + (to - from) * k / steps) * 2 * Math.PI + g.from * Math.PI / 180);
    const far = (angle) => [centre[0] + Math.sin(angle) * reach, centre[1] - Math.cos(angle) * reach];
    const piece = page.cut(outline, [centre, far(a), far(b)]);
    const angleOf = ([x, y]) => (Math.atan2(x - centre[0], centre[1] - y) - a + 8 * Math.PI) % (2 * Math.PI);
    rim.push(...piece.filter(([x, y]) => Math.hypot(x - centre[0], y - centre[1]) > 0.5)
      .map((p) => ({ p, angle: angleOf(p) > 6.2 ? 0 : angleOf(p) })).sort((p, q) => p.angle - q.angle).map(({ p }) => p));
  }
  return to - from > 0.998 ? rim : [centre, ...rim];
}
