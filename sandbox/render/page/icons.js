// SPDX-License-Identifier: Apache-2.0
/*
 * Letters of icon fonts: nobody who opens the file has such a font, so they are painted on a canvas, three times as
 * large as they are shown.
 */

const PRIVATE = /^[\s\ue000-\uf8ff\u{f0000}-\u{10fffd}]+$/u;
const LIGATURES = /^["']?(Material (Icons|Symbols)|bootstrap-icons|Phosphor|tabler-icons|remixicon)/i;
const SCALE = 3;

function textOf(el) {
  const stand = page.stand.get(el);
  return [stand?.before, stand?.after].map((s) => s?.textContent ?? '').join('') + [...el.childNodes].filter((n) => n.nodeType === Node.TEXT_NODE).map((n) => n.data).join('');
}

/** Is an element nothing but a letter of an icon font? */
page.isIcon = function isIcon(el) {
  if ([...el.children].some((c) => c.tagName !== 'X-PSEUDO')) return false;
  const text = textOf(el);
  if (!text.trim()) return false;
  return PRIVATE.test(text) || LIGATURES.test(page.css(el).fontFamily);
};

/** The element with the letter itself, which a pseudo element may be. */
function holder(el) {
  const stand = page.stand.get(el);
  return [stand?.before, stand?.after].find((s) => s?.textContent.trim()) ?? el;
}

function inkRect(el) {
  const range = document.createRange();
  range.selectNodeContents(el);
  const r = range.getBoundingClientRect();
  return { x: r.left - page.origin.x, y: r.top - page.origin.y, w: r.width, h: r.height };
}

/** Items of an icon: its box, and the letter as a picture. */
page.iconItems = function iconItems(el, state) {
  const box = page.boxItems(el, state);
  const letter = holder(el);
  const style = page.css(letter);
  const r = inkRect(letter);
  const size = page.px(style.fontSize);
  if (r.w < 1 || size < 1) return box;
  const margin = size * 0.25;
  const canvas = document.createElement('canvas');
  canvas.width = Math.min(2000, Math.ceil((r.w + 2 * margin) * SCALE));
  canvas.height = Math.min(2000, Math.ceil((r.h + 2 * margin) * SCALE));
  const pen = canvas.getContext('2d');
  pen.scale(canvas.width / (r.w + 2 * margin), canvas.height / (r.h + 2 * margin));
  pen.font = `${style.fontStyle} ${style.fontWeight} ${style.fontSize} ${style.fontFamily}`;
  const [red, green, blue, alpha] = page.color(style.color);
  pen.fillStyle = `rgba(${red},${green},${blue},${alpha})`;
  const { ascent, descent } = page.fontMetrics(style);
  pen.fillText(letter.textContent.trim(), margin, margin + (r.h - ascent - descent) / 2 + ascent);
  const media = page.mediaKey({ type: 'image/png', data: canvas.toDataURL().split(',')[1] });
  const alt = page.label(el) || [...el.classList].filter((c) => !/^(fa[srlbd]?|fas|bi|ti)$/.test(c)).join(' ').replace(/\b(fa|bi|ti)-/g, '');
  page.warn('picture', el, { reason: 'icon font' });
  return [...box, { kind: 'picture', x: r.x - margin, y: r.y - margin, w: r.w + 2 * margin, h: r.h + 2 * margin, media, alt, clip: state.clip,
    alpha: state.opacity * Number(page.css(el).opacity), ...(state.link && { link: state.link }) }];
};
