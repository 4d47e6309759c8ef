// SPDX-License-Identifier: Apache-2.0
/*
 * Tables whose corners are cut round by themselves or by what they are in. Cells of a table are rectangles: the fill of
 * a cell that would stick out becomes a shape behind the table, which can be cut.
 */

/** Does a round corner of a clip cut off the same corner of a box? */
function cuts(clip, box, corner) {
  const r = clip.radii?.[corner] ?? 0;
  if (r < 1) return false;
  const [right, bottom] = [corner === 1 || corner === 2, corner > 1];
  const x = right ? clip.x + clip.w - box.x - box.w : box.x - clip.x;
  const y = bottom ? clip.y + clip.h - box.y - box.h : box.y - clip.y;
  return x < r && y < r && Math.hypot(r - x, r - y) > r + 0.5;
}

/** The cell in a corner of the grid: top left, top right, bottom right, bottom left. */
function cellAt({ cells, rows, cols }, corner) {
  const col = corner === 1 || corner === 2 ? cols.length - 1 : 0;
  const row = corner > 1 ? rows.length - 1 : 0;
  return cells.find((c) => c.row <= row && row < c.row + c.rowSpan && c.col <= col && col < c.col + c.colSpan);
}

/**
 * Takes the fills of corner cells that are cut off.
 * @param {object} item    a Table of the display list
 * @param {object[]} clips  what cuts its content
 * @returns {object[]} shapes for behind it
 */
page.roundCorners = function roundCorners(item, clips) {
  const cut = new Set([0, 1, 2, 3].filter((corner) => clips.some((clip) => cuts(clip, item, corner))).map((corner) => cellAt(item, corner)));
  return [...cut].filter((cell) => cell?.fill).map((cell) => {
    const { x, y, w, h, fill } = cell;
    cell.fill = null;
    return { kind: 'shape', x, y, w, h, geometry: { type: 'rect' }, fill, clip: clips };
  });
};
