// SPDX-License-Identifier: Apache-2.0
/*
 * Text that lets a uniform backdrop through is written in the colour that comes out: easier to edit, and LibreOffice
 * cuts off the last letters of transparent text.
 */

const contains = (box, inner) => inner.x >= box.x - 0.5 && inner.y >= box.y - 0.5 && inner.x + inner.w <= box.x + box.w + 0.5 && inner.y + inner.h <= box.y + box.h + 0.5;
const touches = (a, b) => a.x < b.x + b.w && a.x + a.w > b.x && a.y < b.y + b.h && a.y + a.h > b.y;

function over(a, b) {
  return [0, 1, 2].map((i) => a[i] * a[3] + b[i] * (1 - a[3])).concat(1);
}

/** The one colour under a box, or null. */
function backdrop(box, below, background) {
  let color = background?.type === 'solid' ? background.color : null;
  for (const item of below) {
    if (item.kind === 'text' || !touches(item, box)) continue;
    const fill = item.kind === 'shape' && !item.rot && item.fill;
    if (item.kind === 'shape' && !item.fill && !item.text) continue; // an outline around it
    if (!fill || fill.type !== 'solid' || !contains(item, box) || item.geometry.type === 'path') color = null;
    else if (fill.color[3] >= 1) color = fill.color;
    else color = color && over(fill.color, color);
  }
  return color;
}

function opaque(text, color) {
  for (const run of text.paragraphs.flatMap((p) => p.lines.flatMap((line) => line.runs))) {
    const style = page.styles[run.style];
    if (style.color[3] >= 1 || style.color[3] === 0 || style.gradient) continue;
    run.style = page.styleIndex({ ...style, color: over(style.color, color).map((v) => Math.round(v)) });
  }
}

page.flattenText = function flattenText(items, background) {
  items.forEach((item, i) => {
    if (!item.text || item.rot) return;
    const below = item.kind === 'shape' ? items.slice(0, i + 1) : items.slice(0, i);
    const lines = item.text.paragraphs.flatMap((p) => p.lines).filter((l) => l.runs.length);
    const color = backdrop(page.extent(lines), below, background);
    if (color) opaque(item.text, color);
  });
};
