// SPDX-License-Identifier: Apache-2.0
/* What cuts off the content of an element: overflow (the padding box, its corners rounded) and clip-path. */

const owners = new WeakMap();

/** The clip that an element puts on its children, or null. */
page.clipOf = function clipOf(el, style) {
  if (el === page.slide || style.display === 'inline') return null;
  if (style.overflowX === 'visible' && style.overflowY === 'visible') return null;
  const r = page.rect(el);
  const side = (name) => page.px(style[`border${name}Width`]);
  const [t, right, b, l] = ['Top', 'Right', 'Bottom', 'Left'].map(side);
  const radii = page.radii(style, r.w, r.h).map(([rx], i) => Math.max(0, rx - (i === 0 || i === 3 ? l : right)));
  const clip = { x: r.x + l, y: r.y + t, w: r.w - l - right, h: r.h - t - b, ...(radii.some((v) => v > 0.5) && { radii }) };
  owners.set(clip, el);
  return clip;
};

/** The clips that reach a positioned element: those of its containing block and around that. */
page.clipsFor = function clipsFor(el, style, clips) {
  if (style.position === 'fixed') return [];
  if (style.position !== 'absolute') return clips;
  const holder = el.offsetParent;
  return clips.filter((clip) => !owners.has(clip) || !holder || owners.get(clip).contains(holder));
};

/** A length in px of percentages, pixels and sums of them in calc(). */
function value(text, whole) {
  const terms = [...text.matchAll(/(?:([+-]) )?(-?[\d.]+(?:e-?\d+)?)(%?)/g)];
  return terms.reduce((sum, [, sign, n, percent]) => sum + (sign === '-' ? -1 : 1) * Number(n) * (percent ? whole / 100 : 1), 0);
}

/** A basic shape of clip-path for a box as a Clip; null for anything else. */
page.clipPath = function clipPath(text, box) {
  const [, name, inside] = /^(polygon|circle|ellipse|inset)\((.*?)\)( \w+-box)?$/.exec(text) ?? [];
  if (name === 'polygon') {
    const points = page.split(inside.replace(/^(nonzero|evenodd),\s*/, '')).map((pair) => {
      const [x, y] = page.split(pair, ' ');
      return [box.x + value(x, box.w), box.y + value(y, box.h)];
    });
    return { ...box, points };
  }
  if (name === 'circle' || name === 'ellipse') return roundClip(name, inside, box);
  if (name !== 'inset') return null;
  const [sides, round] = inside.split(' round ');
  const [t, r = t, b = t, l = r] = sides.split(' ');
  const radius = round ? value(round.split(' ')[0], box.w) : 0;
  const [dt, dr, db, dl] = [value(t, box.h), value(r, box.w), value(b, box.h), value(l, box.w)];
  return { x: box.x + dl, y: box.y + dt, w: box.w - dl - dr, h: box.h - dt - db, radii: [radius, radius, radius, radius] };
};

function roundClip(name, inside, box) {
  const [size, at = '50% 50%'] = inside.split(/ ?at /);
  const [cx, cy] = at.split(' ').map((t, i) => value(t, i ? box.h : box.w));
  const diagonal = Math.hypot(box.w, box.h) / Math.SQRT2;
  let [rx, ry] = [Math.min(cx, box.w - cx), Math.min(cy, box.h - cy)];
  const given = size.trim().split(' ').filter((t) => /\d/.test(t));
  if (name === 'circle') rx = ry = given.length ? value(given[0], diagonal) : Math.min(rx, ry);
  else if (given.length === 2) [rx, ry] = [value(given[0], box.w), value(given[1], box.h)];
  const points = page.flatten(page.roundPath(2 * rx, 2 * ry, Array(4).fill([rx, ry]))).map(([x, y]) => [box.x + cx - rx + x, box.y + cy - ry + y]);
  return { x: box.x + cx - rx, y: box.y + cy - ry, w: 2 * rx, h: 2 * ry, points };
}
