// SPDX-License-Identifier: Apache-2.0
/* Tables: a grid of cells, text put in its place by margins. */
import { fillXml, lineXml } from './paint.js';
import { nameXml } from './shapes.js';
import { textBody } from './text.js';
import { layout } from './textmodel.js';

const EMPTY = '<a:txBody><a:bodyPr/><a:lstStyle/><a:p><a:pPr><a:lnSpc><a:spcPct val="100000"/></a:lnSpc></a:pPr><a:endParaRPr lang="en-US" sz="100"/></a:p></a:txBody>';

function bordersXml(borders, frame) {
  return [['lnL', 'l'], ['lnR', 'r'], ['lnT', 't'], ['lnB', 'b']].map(([tag, side]) => (
    borders[side] ? lineXml(borders[side], frame, `a:${tag}`) : `<a:${tag} w="0"><a:noFill/></a:${tag}>`)).join('');
}

/** Margins that put the text where it was; it is anchored in the middle, so the difference of above and below counts. */
function margins(placed, cell) {
  const l = placed.x - cell.x;
  const r = cell.x + cell.w - placed.x - placed.w;
  const lower = placed.y - cell.y - (cell.y + cell.h - placed.y - placed.h);
  return { l: Math.max(0, l), r: Math.max(0, r), t: Math.max(0, lower), b: Math.max(0, -lower) };
}

/** One line needs no exact width: it gets what the cell has on the side where it may grow. */
function loosen(m, placed) {
  const align = placed.paragraphs[0].align;
  if (placed.wraps) return m;
  if (align === 'l') return { ...m, r: Math.min(m.r, 2) };
  if (align === 'r') return { ...m, l: Math.min(m.l, 2) };
  const less = Math.min(m.l, m.r);
  return { ...m, l: m.l - less, r: m.r - less };
}

function cellXml(cell, context) {
  const span = (cell.colSpan > 1 ? ` gridSpan="${cell.colSpan}"` : '') + (cell.rowSpan > 1 ? ` rowSpan="${cell.rowSpan}"` : '');
  const { frame } = context;
  let body = EMPTY;
  let room = { l: 0, t: 0, r: 0, b: 0 };
  if (cell.text) {
    const placed = layout(cell.text);
    room = loosen(margins(placed, cell), placed);
    body = textBody(placed, room, context, { tag: 'a:txBody', bare: true });
  }
  const sides = ` marL="${frame.emu(room.l)}" marR="${frame.emu(room.r)}" marT="${frame.emu(room.t)}" marB="${frame.emu(room.b)}"`;
  return `<a:tc${span}>${body}<a:tcPr${sides} anchor="ctr">${bordersXml(cell.borders, frame)}${fillXml(cell.fill)}</a:tcPr></a:tc>`;
}

function covered(cell, row, col) {
  const h = col > cell.col ? ' hMerge="1"' : '';
  const v = row > cell.row ? ' vMerge="1"' : '';
  return `<a:tc${h}${v}>${EMPTY}<a:tcPr marL="0" marR="0" marT="0" marB="0"/></a:tc>`;
}

const EMPTY_CELL = { colSpan: 1, rowSpan: 1, borders: {} };

export function tableXml(item, context) {
  const { frame } = context;
  const at = new Map();
  for (const cell of item.cells) {
    for (let r = cell.row; r < cell.row + cell.rowSpan; r++) for (let c = cell.col; c < cell.col + cell.colSpan; c++) at.set(`${r},${c}`, cell);
  }
  const rows = item.rows.map((height, r) => {
    const cells = item.cols.map((_, c) => {
      const cell = at.get(`${r},${c}`) ?? { ...EMPTY_CELL, row: r, col: c };
      return cell.row === r && cell.col === c ? cellXml(cell, context) : covered(cell, r, c);
    });
    return `<a:tr h="${frame.emu(height)}">${cells.join('')}</a:tr>`;
  });
  const grid = item.cols.map((w) => `<a:gridCol w="${frame.emu(w)}"/>`).join('');
  return `<p:graphicFrame><p:nvGraphicFramePr>${nameXml(item, context, 'Table', false)}<p:cNvGraphicFramePr><a:graphicFrameLocks noGrp="1"/></p:cNvGraphicFramePr><p:nvPr/></p:nvGraphicFramePr>`
    + `${frame.xfrm(item, 'p:xfrm')}<a:graphic><a:graphicData uri="http://schemas.openxmlformats.org/drawingml/2006/table">`
    + `<a:tbl><a:tblPr/><a:tblGrid>${grid}</a:tblGrid>${rows.join('')}</a:tbl></a:graphicData></a:graphic></p:graphicFrame>`;
}
