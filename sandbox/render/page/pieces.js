// SPDX-License-Identifier: Apache-2.0
/*
 * Text that no single box can hold, in pieces that each can: the columns of multi-column text, and lines beside a float,
 * an indent or a large first letter, which do not start where the others do.
 */

const SHIFT = 3;

const startOf = (line) => Math.min(...line.frags.filter((f) => f.type === 'word' || f.kept).map((f) => f.left));
const topOf = (line) => Math.min(...line.frags.map((f) => f.top));

/** Whether a line continues in another column than the one before. */
const jumps = (line, before) => topOf(line) < topOf(before) - 1;

/**
 * @param {object[]} fragments
 * @param {Element} container
 * @returns {object[][]} fragments of each piece
 */
page.pieces = function pieces(fragments, container) {
  const style = page.css(container);
  if (style.writingMode !== 'horizontal-tb') return [fragments];
  const lines = page.lines(fragments);
  const starts = style.direction !== 'rtl' && /^(start|left|justify|-webkit-left|-webkit-auto)$/.test(style.textAlign);
  const cuts = lines.map((line, i) => {
    const before = lines[i - 1];
    const apart = before && (jumps(line, before) || starts && Math.abs(startOf(line) - startOf(before)) > SHIFT);
    return apart ? fragments.indexOf(line.frags[0]) : 0;
  }).filter((cut) => cut > 0);
  return [0, ...cuts].map((cut, i) => fragments.slice(cut, cuts[i]));
};

/** The lines between the columns of an element. */
page.columnRules = function columnRules(el, style, state) {
  const width = page.px(style.columnRuleWidth);
  if (style.columnRuleStyle === 'none' || style.columnCount === 'auto' && style.columnWidth === 'auto' || !width) return [];
  const { x, y, w, h } = page.contentBox(el);
  const gap = style.columnGap === 'normal' ? page.px(style.fontSize) : page.px(style.columnGap);
  const fitting = style.columnWidth === 'auto' ? Infinity : Math.floor((w + gap) / (page.px(style.columnWidth) + gap));
  const count = Math.min(style.columnCount === 'auto' ? Infinity : Number(style.columnCount), Math.max(1, fitting));
  const color = page.fade(page.color(style.columnRuleColor), state.opacity);
  return Array.from({ length: count - 1 }, (_, k) => ({
    kind: 'shape', x: x + (k + 1) * (w + gap) / count - gap / 2 - width / 2, y, w: width, h, geometry: { type: 'rect' },
    fill: { type: 'solid', color }, clip: state.clip,
  }));
};
