// SPDX-License-Identifier: Apache-2.0
/*
 * What all scripts in the page share. They are plain scripts, each in a block of its own, that add to one object:
 * extract.js puts them together as  (() => { const page = {}; { base.js } { ... } return page; })().
 */

page.styles = [];
page.media = {};
page.origin = { x: 0, y: 0 };
const styleKeys = new Map();
const computed = new Map();
const colors = new Map();
const pen = document.createElement('canvas').getContext('2d', { willReadFrequently: true });

/** The computed style of an element, looked up once. */
page.css = function css(el) {
  if (!computed.has(el)) computed.set(el, getComputedStyle(el));
  return computed.get(el);
};

/** Where an element is on its slide. */
page.rect = function rect(el) {
  const { left, top, width, height } = el.getBoundingClientRect();
  return { x: left - page.origin.x, y: top - page.origin.y, w: width, h: height };
};

/** A colour in any notation as [r, g, b, alpha]; what rgb() cannot say is painted and looked at. */
page.color = function color(text) {
  if (!colors.has(text)) colors.set(text, parseColor(text));
  return colors.get(text).slice();
};

function parseColor(text) {
  const rgb = /^rgba?\(([\d.]+),? ([\d.]+),? ([\d.]+)(?:,| \/)? ?([\d.]+%?)?\)$/.exec(text);
  if (rgb) return [+rgb[1], +rgb[2], +rgb[3], rgb[4] === undefined ? 1 : parseFloat(rgb[4]) / (rgb[4].endsWith('%') ? 100 : 1)];
  if (!text || text === 'transparent' || text === 'none') return [0, 0, 0, 0];
  pen.canvas.width = 1;
  pen.canvas.height = 1;
  pen.fillStyle = 'rgba(0,0,0,0)';
  pen.fillStyle = text;
  pen.fillRect(0, 0, 1, 1);
  const [r, g, b, a] = pen.getImageData(0, 0, 1, 1).data;
  return [r, g, b, Math.round(a / 2.55) / 100];
}

page.fade = (color, opacity) => [color[0], color[1], color[2], Math.round(color[3] * opacity * 1000) / 1000];
page.px = (text) => parseFloat(text) || 0;

/** Ascent and height of the lines of a font, as the browser lays them out. */
const metrics = new Map();
page.fontMetrics = function fontMetrics(style) {
  const key = `${style.fontStyle} ${style.fontWeight} ${style.fontSize} ${style.fontFamily}`;
  if (!metrics.has(key)) {
    pen.font = key;
    const { fontBoundingBoxAscent: ascent, fontBoundingBoxDescent: descent } = pen.measureText('x');
    metrics.set(key, { ascent, descent });
  }
  return metrics.get(key);
};

page.textWidth = function textWidth(text, style) {
  pen.font = `${style.fontStyle} ${style.fontWeight} ${style.fontSize} ${style.fontFamily}`;
  return pen.measureText(text).width;
};

/** The index of a style of the display list; equal ones are kept once. */
page.styleIndex = function styleIndex(style) {
  const key = JSON.stringify(style);
  if (!styleKeys.has(key)) styleKeys.set(key, page.styles.push(style) - 1);
  return styleKeys.get(key);
};

/** The key of media; equal descriptions are kept once. */
const mediaKeys = new Map();
page.mediaKey = function mediaKey(media) {
  const text = JSON.stringify(media);
  if (!mediaKeys.has(text)) {
    mediaKeys.set(text, `m${mediaKeys.size + 1}`);
    page.media[mediaKeys.get(text)] = media;
  }
  return mediaKeys.get(text);
};

/** Notes something for the report, with a short name of the element. */
page.warnings = [];
page.warn = function warn(kind, el, rest = {}) {
  const name = el.tagName.toLowerCase() + (el.id ? `#${el.id}` : '') + [...el.classList].map((c) => `.${c}`).join('');
  page.warnings.push({ kind, element: name.slice(0, 80), ...rest });
};

/** Children as they are laid out: with the stand-ins of pseudo elements. */
page.stand = new Map();
page.kids = function kids(el) {
  const extra = page.stand.get(el);
  if (!extra) return [...(el.shadowRoot?.mode === 'open' ? el.shadowRoot : el).childNodes];
  const inner = [...el.childNodes].filter((n) => n !== extra.before && n !== extra.after);
  return [extra.before, ...inner, extra.after].filter(Boolean);
};

page.label = function label(el) {
  return (el.getAttribute?.('aria-label') ?? el.getAttribute?.('alt') ?? el.getAttribute?.('title') ?? '').trim();
};

const BLACK_BOX = new Set(['SCRIPT', 'STYLE', 'TEMPLATE', 'NOSCRIPT', 'HEAD', 'TITLE', 'META', 'LINK', 'SOURCE', 'TRACK', 'WBR', 'DATALIST']);
page.ignored = (el) => BLACK_BOX.has(el.tagName) || page.css(el).display === 'none';
