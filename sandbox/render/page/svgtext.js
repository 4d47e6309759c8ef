// SPDX-License-Identifier: Apache-2.0
/* Text of SVG: a text item for each stretch of characters that the author placed. */

/** Where a character starts on its baseline, whatever dominant-baseline did to it. */
function startOf(el, owner, index) {
  const start = el.getStartPositionOfChar(index);
  if (el.getRotationOfChar(index)) return start;
  const { ascent, descent } = page.fontMetrics(page.css(owner));
  const extent = el.getExtentOfChar(index);
  return { x: start.x, y: extent.y + extent.height * ascent / (ascent + descent) };
}

/** Stretches of characters on one baseline: a new one where x or y is set. */
function stretches(el) {
  const all = [];
  let at = 0;
  const walk = (node, owner) => {
    if (node.nodeType === Node.TEXT_NODE) {
      for (const char of node.data) add(char, owner);
    } else {
      for (const child of node.childNodes) walk(child, child.nodeType === Node.ELEMENT_NODE ? child : owner);
    }
  };
  const count = el.getNumberOfChars();
  let previousSpace = true;
  const add = (char, owner) => {
    const space = /\s/.test(char);
    if (space && previousSpace || at >= count) return; // collapsed: it has no place among the characters
    previousSpace = space;
    const index = at;
    at += char.length;
    const start = startOf(el, owner, index);
    const end = el.getEndPositionOfChar(index + char.length - 1);
    const last = all.at(-1);
    const size = page.px(page.css(owner).fontSize);
    const joins = last && Math.abs(last.y - start.y) < 0.5 && Math.abs(last.end - start.x) < size * 0.6 && last.angle === el.getRotationOfChar(index);
    const part = { char, owner, x: start.x, end: end.x };
    if (joins) Object.assign(last, { end: end.x }).parts.push(part);
    else if (!space) all.push({ parts: [part], x: start.x, y: start.y, end: end.x, angle: el.getRotationOfChar(index) });
  };
  walk(el, el);
  return all;
}

const ALIGN = { start: 'l', middle: 'ctr', end: 'r' };

/** The style of a part, scaled to the slide. */
function styleOf(owner, k, context) {
  const style = page.css(owner);
  const fill = page.svgPaint(owner, style.fill, style.fillOpacity, context, { x: 0, y: 0, w: 1, h: 1 }, new DOMMatrix());
  const color = fill?.type === 'solid' ? fill.color : fill?.stops?.[0][1] ?? [0, 0, 0, 0];
  return page.styleIndex({
    family: style.fontFamily, weight: Number(style.fontWeight), italic: style.fontStyle !== 'normal', size: page.px(style.fontSize) * k, color,
    spacing: page.px(style.letterSpacing) * k, underline: style.textDecorationLine.includes('underline'),
    strike: style.textDecorationLine.includes('line-through'), lang: owner.closest('[lang]')?.lang || page.language,
  });
}

function runsOf(stretch, k, context) {
  const runs = [];
  for (const { char, owner } of stretch.parts) {
    const style = styleOf(owner, k, context);
    const last = runs.at(-1);
    if (last?.style === style) last.text += char;
    else runs.push({ text: /\s/.test(char) ? ' ' : char, style });
  }
  return runs;
}

function itemOf(el, stretch, m, context) {
  const k = Math.sqrt(Math.abs(m.a * m.d - m.b * m.c));
  const turn = Math.atan2(m.b, m.a) * 180 / Math.PI + stretch.angle;
  while (/\s/.test(stretch.parts.at(-1)?.char ?? '')) stretch.parts.pop();
  if (!stretch.parts.length) return null;
  const size = Math.max(...stretch.parts.map(({ owner }) => page.px(page.css(owner).fontSize))) * k;
  const from = m.transformPoint({ x: stretch.x, y: stretch.y });
  const end = stretch.parts.at(-1).end;
  const w = stretch.angle ? Math.abs(el.getComputedTextLength() * k) : Math.abs(end - stretch.x) * k;
  const line = { x: from.x, w, baseline: from.y, size, broken: false, runs: runsOf(stretch, k, context) };
  const align = ALIGN[page.css(stretch.parts[0].owner).textAnchor] ?? 'l';
  const box = { x: from.x, y: from.y - 0.96 * size, w, h: 1.2 * size };
  const item = { kind: 'text', ...box, text: { paragraphs: [{ align, rtl: false, lines: [line] }], box: { ...box } } };
  if (Math.abs(turn) > 0.1) turnAbout(item, line, from, turn);
  return item;
}

/** Upright about its centre, where turning brings the start of the line back to its place. */
function turnAbout(item, line, from, turn) {
  const a = turn * Math.PI / 180;
  const [dx, dy] = [item.w / 2, item.y + item.h / 2 - from.y];
  const centre = { x: from.x + dx * Math.cos(a) - dy * Math.sin(a), y: from.y + dx * Math.sin(a) + dy * Math.cos(a) };
  const move = { x: centre.x - item.w / 2 - item.x, y: centre.y - item.h / 2 - item.y };
  Object.assign(item, { x: item.x + move.x, y: item.y + move.y, rot: (turn + 360) % 360 });
  Object.assign(line, { x: line.x + move.x, baseline: line.baseline + move.y });
  Object.assign(item.text.box, { x: item.x, y: item.y });
}

page.svgText = function svgText(el, context) {
  if (el.querySelector('textPath') || page.css(el).writingMode !== 'horizontal-tb' || !el.textContent.trim()) return !el.textContent.trim();
  const m = page.slideMatrix(el);
  for (const stretch of stretches(el)) {
    const item = itemOf(el, stretch, m, context);
    if (item) context.items.push(item);
  }
  return true;
};
