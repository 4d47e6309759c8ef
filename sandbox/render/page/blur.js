// SPDX-License-Identifier: Apache-2.0
/*
 * Blurred boxes without content, as decks use them for light behind things: circles become gradients to nothing, other
 * boxes get soft edges.
 */

/** The radius of a blur that shapes can show; 0 for anything else. */
page.blurOf = function blurOf(el, style) {
  const radius = Number(/^blur\(([\d.]+)px\)$/.exec(style.filter)?.[1] ?? 0);
  if (!radius || page.replaced(el) || el.textContent.trim() || el.children.length) return 0;
  return page.layers(style).every((layer) => !/url\(/.test(layer.image)) ? radius : 0;
};

/** The middle colour of a fill. */
function colorOf(fill) {
  return fill.type === 'solid' ? fill.color : page.colorAt(fill.stops, fill.type === 'radial' ? 0.3 : 0.5);
}

/** How much of a circle's colour is left at a distance from its centre, blurred. */
function level(distance, r, blur) {
  const t = Math.min(1, Math.max(0, (r + 2 * blur - distance) / (4 * blur)));
  const edge = t * t * (3 - 2 * t);
  const peak = 1 - Math.exp(-r * r / (2 * blur * blur));
  return edge * peak;
}

function blurredCircle(item, blur) {
  const r = (item.w + item.h) / 4;
  const grow = 2 * blur;
  const color = colorOf(item.fill);
  const stops = [0, 0.15, 0.3, 0.45, 0.6, 0.75, 0.9, 1].map((p) => [p / Math.SQRT2, page.fade(color, level(p * (r + grow), r, blur))]);
  return {
    ...item, x: item.x - grow, y: item.y - grow, w: item.w + 2 * grow, h: item.h + 2 * grow, geometry: { type: 'ellipse' },
    fill: { type: 'radial', cx: 0.5, cy: 0.5, stops: page.trimStops(stops) },
  };
}

function softBox(item, blur) {
  const grow = 1.2 * blur; // between where PowerPoint and LibreOffice have the middle of a soft edge
  return { ...item, x: item.x - grow, y: item.y - grow, w: item.w + 2 * grow, h: item.h + 2 * grow, soft: 1.3 * blur };
}

/** The items of a box as its blur leaves them. */
page.blurred = function blurred(items, blur) {
  return items.filter((item) => item.kind === 'shape' && item.fill).map((item) => {
    const plain = { ...item, shadows: undefined, line: undefined };
    const square = Math.abs(item.w - item.h) < 0.1 * item.w;
    return item.geometry.type === 'ellipse' && square ? blurredCircle(plain, blur) : softBox(plain, Math.min(blur, item.w / 3, item.h / 3));
  });
};
