// SPDX-License-Identifier: Apache-2.0
/* Tables: a grid from the rectangles of the cells, so that spans and widths need no algorithm. */

const SIDES = [['t', 'Top'], ['r', 'Right'], ['b', 'Bottom'], ['l', 'Left']];

const close = (a, b) => Math.abs(a - b) < 1.5;

/** Distinct positions in order. */
function edgesOf(values) {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted.filter((v, i) => i === 0 || !close(v, sorted[i - 1]));
}

const indexOf = (edges, v) => edges.findIndex((e) => Math.abs(e - v) < 1.6);

/** The cells of a table itself, not of tables in it. */
function cellsOf(table) {
  return [...table.rows].flatMap((row) => [...row.cells]).filter((cell) => page.css(cell).display === 'table-cell');
}

/** What a cell shows behind its text: its own background, else its row's, its section's. */
function fillOf(cell, table, state) {
  const layers = [];
  for (let el = cell; el && el !== table; el = el.parentElement) {
    const style = page.css(el);
    const color = page.fade(page.color(style.backgroundColor), state.opacity * Number(style.opacity));
    const [layer] = page.layers(style);
    const gradient = layer && page.gradient(layer.image, page.rect(el), state.opacity);
    if (gradient) layers.push(gradient);
    else if (color[3] > 0) layers.push({ type: 'solid', color });
  }
  const [top] = layers;
  if (!top || top.type !== 'solid') return top ?? null;
  const color = layers.filter((l) => l.type === 'solid').map((l) => l.color).reduceRight((below, above) => over(above, below));
  return { type: 'solid', color };
}

function over(a, b) {
  const alpha = a[3] + b[3] * (1 - a[3]);
  const part = (i) => (a[i] * a[3] + b[i] * b[3] * (1 - a[3])) / (alpha || 1);
  return [part(0), part(1), part(2), alpha];
}

const DASH = { dashed: 'dash', dotted: 'dot' };

function borderOf(style, side, opacity) {
  const width = page.px(style[`border${side}Width`]);
  const how = style[`border${side}Style`];
  if (!width || /none|hidden/.test(how)) return null;
  const color = page.fade(page.color(style[`border${side}Color`]), opacity);
  return color[3] ? { color, width, dash: DASH[how] ?? 'solid' } : null;
}

/** Borders of a cell; collapsed ones may be of its row or its section. */
function bordersOf(cell, table, state) {
  const borders = {};
  const collapse = page.css(table).borderCollapse === 'collapse';
  for (const [short, side] of SIDES) {
    let line = borderOf(page.css(cell), side, state.opacity);
    if (!line && collapse) {
      const row = cell.parentElement;
      const section = row.parentElement;
      const edge = side === 'Left' ? cell === row.cells[0] : side === 'Right' ? cell === row.cells[row.cells.length - 1] : true;
      if (edge) line = borderOf(page.css(row), side, state.opacity);
      const outer = side === 'Top' ? row === section.rows?.[0] : side === 'Bottom' ? row === section.rows?.[section.rows.length - 1] : edge;
      if (!line && outer && section !== table) line = borderOf(page.css(section), side, state.opacity);
    }
    if (line) borders[short] = line;
  }
  return borders;
}

/** The content of a cell: the text that the cell can hold, and what goes above the table. */
function contentOf(cell, state) {
  const flow = { layers: { below: [], above: [] }, blocks: [], floats: [], inline: [] };
  page.descend(cell, page.inherit(cell, { ...state, opacity: state.opacity * Number(page.css(cell.parentElement).opacity) }), flow);
  const extra = [...flow.blocks, ...flow.floats, ...flow.inline, ...flow.layers.below.flatMap((e) => e.items), ...flow.layers.above.flatMap((e) => e.items)];
  const texts = extra.filter((item) => item.kind === 'text' && !item.rot && !item.title);
  if (!texts.length || extra.some((item) => item.kind !== 'text' && overlaps(item, texts[0]))) return { text: null, extra };
  const below = texts.every((t, i) => !i || t.text.paragraphs[0].lines[0].baseline > texts[i - 1].text.paragraphs.at(-1).lines.at(-1).baseline + 2);
  if (!below) return { text: null, extra };
  const text = { paragraphs: texts.flatMap((t) => t.text.paragraphs), box: page.contentBox(cell) };
  return { text, extra: extra.filter((item) => !texts.includes(item)) };
}

function overlaps(a, b) {
  return a.x < b.x + b.w && a.x + a.w > b.x && a.y < b.y + b.h && a.y + a.h > b.y;
}

/** A cell whose corners or shadow a table cannot show. */
function shaped(cell) {
  const s = page.css(cell);
  return s.boxShadow !== 'none' || page.layers(s).length > 0 && !page.gradient(page.layers(s)[0].image, page.rect(cell), 1);
}

/** @returns {object[] | null} null: walk it as boxes */
page.tableItems = function tableItems(table, style, state) {
  const cells = cellsOf(table);
  if (!cells.length || cells.some(shaped) || cells.some((c) => page.css(c).visibility !== 'visible' && c.textContent.trim())) return null;
  const spaced = style.borderCollapse !== 'collapse' && style.borderSpacing.split(' ').some((v) => page.px(v) > 1);
  if (spaced && cells.some((c) => page.color(page.css(c).backgroundColor)[3] > 0)) return null;
  const rects = cells.map(page.rect);
  const xs = edgesOf(rects.flatMap((r) => [r.x, r.x + r.w]));
  const ys = edgesOf(rects.flatMap((r) => [r.y, r.y + r.h]));
  if (xs.length * ys.length > 4000) return null;
  const inner = { ...state, opacity: state.opacity * Number(style.opacity) };
  const above = [];
  const list = cells.map((cell, i) => {
    const r = rects[i];
    const [col, row] = [indexOf(xs, r.x), indexOf(ys, r.y)];
    const { text, extra } = contentOf(cell, inner);
    above.push(...extra);
    return {
      row, col, colSpan: indexOf(xs, r.x + r.w) - col, rowSpan: indexOf(ys, r.y + r.h) - row, ...r,
      fill: fillOf(cell, table, inner), borders: bordersOf(cell, table, inner), ...(text && { text }),
    };
  });
  if (list.some((c) => c.row < 0 || c.col < 0 || c.rowSpan < 1 || c.colSpan < 1)) return null;
  const sizes = (edges) => edges.slice(1).map((v, i) => v - edges[i]);
  const item = {
    kind: 'table', x: xs[0], y: ys[0], w: xs.at(-1) - xs[0], h: ys.at(-1) - ys[0], cols: sizes(xs), rows: sizes(ys), cells: list,
    alt: page.label(table), clip: state.clip,
  };
  const clip = page.clipOf(table, style);
  const corners = page.roundCorners(item, clip ? [...state.clip, clip] : state.clip);
  return [...page.boxItems(table, state), ...captions(table, state), ...corners, item, ...above];
};

function captions(table, state) {
  return [...table.children].filter((c) => c.tagName === 'CAPTION' && !page.ignored(c))
    .flatMap((caption) => page.context(caption, page.inherit(table, state)));
}
