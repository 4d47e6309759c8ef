// SPDX-License-Identifier: Apache-2.0
/*
 * Where a text box goes so that its lines come out where the browser had them.
 *
 * Line spacing of DrawingML does not ask the font: a line is 1.2 x its size high times the spacing, its baseline lies
 * 0.207 x the size above its bottom, and what the spacing adds is above the line, above the first one too.
 *
 * A paragraph of several lines gets a width between the widest line and the narrowest width at which a line would take the
 * next word: it breaks where it broke even when letters are a little wider elsewhere. Where there is no such room, lines
 * are broken by hand.
 */

export const NATURAL = 1.2;
export const DESCENT = 0.207;
const EARLY = 0.6; // LibreOffice places glyphs half a pixel before the browser
const ROOM = 0.55;
const LEAST_ROOM = 3;
const SPACE = 0.25;

const top = (line, pitch) => line.baseline - pitch + DESCENT * line.size;
const bottom = (line) => line.baseline + DESCENT * line.size;

/** Distance of the baselines of a paragraph, and how to say it. */
export function spacing(paragraph) {
  const { lines } = paragraph;
  const [first] = lines;
  const last = lines.at(-1);
  const size = Math.max(...lines.map((l) => l.size));
  if (lines.length === 1) return { pitch: NATURAL * first.size, percent: 1 };
  const pitch = Math.max(1, (last.baseline - first.baseline) / (lines.length - 1));
  const even = lines.every((l) => Math.abs(l.size - size) < 0.5);
  return even ? { pitch, percent: pitch / (NATURAL * size) } : { pitch, exact: pitch };
}

/** The width of a paragraph and whether its lines are broken by hand. */
export function breaking(paragraph) {
  const { lines } = paragraph;
  const widest = Math.max(...lines.map((l) => l.w));
  const soft = lines.filter((l) => l.next !== undefined);
  if (!soft.length) return { width: widest, wraps: false };
  const next = Math.min(...soft.map((l) => l.w + SPACE * l.size + l.next));
  if (next - widest < LEAST_ROOM) return { width: widest, wraps: false };
  return { width: widest + ROOM * (next - widest), wraps: true };
}

/** Left and right edge of a paragraph's box. */
function edges(paragraph, width, box) {
  const full = paragraph.lines.filter((l) => l.runs.length);
  const left = Math.min(...full.map((l) => l.x));
  const right = Math.max(...full.map((l) => l.x + l.w));
  if (paragraph.align === 'r') return [right - width, right];
  if (paragraph.align === 'just') return [box.x, box.x + box.w + 1];
  if (paragraph.align === 'l') return [left, left + width];
  const middle = full.reduce((sum, l) => sum + l.x + l.w / 2, 0) / full.length;
  return [middle - width / 2, middle + width / 2];
}

/**
 * @param {object} text  a Text of the display list
 * @returns {{x: number, y: number, w: number, h: number, wraps: boolean, paragraphs: object[]}}
 */
export function layout(text) {
  const paragraphs = text.paragraphs.map((p) => {
    const broken = breaking(p);
    const justified = p.align === 'just' && p.lines.length > 1;
    const [left, right] = edges(p, broken.width, text.box);
    return { ...p, ...spacing(p), left, right, wraps: broken.wraps || justified, before: 0 };
  });
  paragraphs.forEach((p, i) => {
    if (i) p.before = top(p.lines[0], p.pitch) - bottom(paragraphs[i - 1].lines.at(-1));
  });
  const x = Math.min(...paragraphs.map((p) => p.left - (p.rtl ? 0 : p.bullet?.room ?? 0)));
  const right = Math.max(...paragraphs.map((p) => p.right + (p.rtl ? p.bullet?.room ?? 0 : 0)));
  const y = top(paragraphs[0].lines[0], paragraphs[0].pitch);
  return { x: x + EARLY, y, w: right - x, h: bottom(paragraphs.at(-1).lines.at(-1)) - y, wraps: paragraphs.some((p) => p.wraps), paragraphs };
}

/** What the text rectangle of a preset leaves out on each side. */
export function presetInset({ geometry, w, h }) {
  if (geometry?.type === 'ellipse') return { x: 0.14645 * w, y: 0.14645 * h };
  if (geometry?.type === 'round') return { x: 0.29289 * geometry.r, y: 0.29289 * geometry.r };
  return { x: 0, y: 0 };
}

/**
 * The insets that put a laid out text where it was in a shape. Text is anchored in the middle, so only the difference
 * of above and below counts; the same sideways where it is centred.
 * @returns {{l: number, t: number, r: number, b: number, align?: string}}
 */
export function insets(placed, shape) {
  const preset = presetInset(shape);
  const l = placed.x - shape.x - preset.x;
  const r = shape.x + shape.w - preset.x - placed.x - placed.w;
  const t = placed.y - shape.y - preset.y;
  const b = shape.y + shape.h - preset.y - placed.y - placed.h;
  const vertical = { t: Math.max(0, t - b), b: Math.max(0, b - t) };
  const centred = placed.paragraphs.every((p) => p.align === 'ctr' || p.lines.length === 1 && Math.abs(l - r) < 3);
  if (centred && !placed.wraps) return { ...vertical, l: Math.max(0, l - r), r: Math.max(0, r - l), align: 'ctr' };
  return { ...vertical, l, r };
}

/** A box whose text is turned about the centre of another one, turned about its own. */
export function turned(placed, item) {
  const a = (item.rot ?? 0) * Math.PI / 180;
  const [cx, cy] = [item.x + item.w / 2, item.y + item.h / 2];
  const [dx, dy] = [placed.x + placed.w / 2 - cx, placed.y + placed.h / 2 - cy];
  const x = cx + dx * Math.cos(a) - dy * Math.sin(a);
  const y = cy + dx * Math.sin(a) + dy * Math.cos(a);
  return { x: x - placed.w / 2, y: y - placed.h / 2, w: placed.w, h: placed.h };
}
