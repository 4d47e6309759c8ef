// SPDX-License-Identifier: Apache-2.0
/*
 * The display list: what page/*.js found on the slides and pptx/*.js writes down. Plain JSON, in paint order.
 * All lengths are CSS pixels of the slide (top left is 0, 0), all angles degrees clockwise, colours [r, g, b, alpha 0-1].
 *
 *   Deck   { title, language, slides: [Slide], styles: [Style], media: {key: Media} }
 *   Slide  { width, height, background: Fill?, notes: string, items: [Item], warnings: [{kind, ...}] }
 *
 * Every Item has  kind, x, y, w, h  and may have
 *   rot        about its centre            name       for the selection pane
 *   alt        alternative text            link       URL behind the whole item
 *   clip       [Clip]: ancestors that cut it off: { x, y, w, h, radii: [tl, tr, br, bl] | points: [[x, y]...] }
 *
 *   shape      geometry, fill, line, shadows, soft: px that its edges fade over, text: Text?  (in front of the shape)
 *   text       text: Text, title: true for the slide's title
 *   picture    media: key, svg: key?, crop: {l, t, r, b} shares cut off, geometry, line, shadows, alpha, grey
 *   table      cols: [px], rows: [px], cells: [Cell]
 *   group      items: [Item], in the coordinates of the slide
 *   chart      chart: Chart, style: index of that with its face, media: key of the picture that it is when turned or cut off
 *
 *   Geometry   { type: 'rect' | 'ellipse' } | { type: 'round', r } | { type: 'path', paths: [Path] }
 *   Path       [['M', x, y] | ['L', x, y] | ['C', x1, y1, x2, y2, x, y] | ['Z']...], relative to the item's x, y
 *   Fill       { type: 'solid', color } | { type: 'linear', angle (CSS: 0 up, 90 right), stops: [[0-1, color]...] }
 *              | { type: 'radial', cx, cy (shares of the box), stops } | { type: 'picture', media: key, crop? }
 *   Line       { color, width, dash: 'solid' | 'dash' | 'dot', pattern: [dash, gap] in px?, cap: 'flat' | 'round' | 'square', head, tail: 'arrow'?, end: 'sm' | 'lg'? }
 *   Shadow     { dx, dy, blur, spread, color, inset: bool }
 *
 *   Text       { paragraphs: [Paragraph], box: {x, y, w, h}: the content box that the lines were broken in,
 *                vertical: 'rl' | 'lr' | 'upright'? }
 *   Paragraph  { align: 'l' | 'ctr' | 'r' | 'just', rtl: bool, pitch: line-height in px, lines: [TextLine], level: 0-8,
 *                bullet: { char | number: scheme, start, color, font, size (share of the text), room (px) }? }
 *   TextLine   { x, w, baseline, size (its largest font), broken: bool (by br or newline, not by width),
 *                next: width of the first word of the following line, runs: [Run] }
 *   Run        { text, style: index in styles, gap: extra px after its last character? }
 *   Style      { family: CSS stack, weight, italic, size, color, spacing, underline, strike, lang, script: 'super' | 'sub'?,
 *                gradient: Fill?, shadow: Shadow?, link: URL?, caps: bool?, stroke: Line?, faces: {latin, ea, cs}, filled by fonts.js }
 *   Cell       { row, col, rowSpan, colSpan, fill: Fill?, borders: {l, t, r, b: Line?}, x, y, w, h, text: Text? }
 *   Chart      { type: 'bar' | 'line' | 'area' | 'pie' | 'doughnut' | 'scatter', horizontal, stacked, categories: [string],
 *                series: [Series], base, value: Axis (names and values; not of pies), title: Label?, area: Box in shares: the plot,
 *                legend: { side: 't' | 'b' | 'l' | 'r', color, size, bold, box }?, gap, overlap (of bars, percent),
 *                hole (share), turn (degrees), family: CSS stack, height: px of the canvas, in which sizes of fonts and lines are }
 *   Series     { name, values: [number | null], xs?, fill: [Color?] (one, or one each), border, borderWidth, dashed, line: bool,
 *                smooth, radius, area: bool }
 *   Axis       { min, max, step, format, shown, labelled, color, size, bold, grid, gridWidth, edge: Color?, title: Label?, offset }
 *   Label      { text, color, size, bold }
 *   Media      { type: content type, data: base64 } | { url } | { capture: {x, y, w, h, id, scale}, svg? }; after extract.js { type, bytes, svg? }
 */

const number = (v) => Number.isFinite(v);
const size = (v) => Number.isFinite(v) && v >= 0;
const string = (v) => typeof v === 'string';
const flag = (v) => typeof v === 'boolean';
const color = (v) => Array.isArray(v) && v.length === 4 && v.every(number) && v.every((c, i) => c >= 0 && c <= (i < 3 ? 255 : 1));
const oneOf = (...values) => (v) => values.includes(v);
const optional = (check) => ({ optional: check });
const list = (check) => ({ list: check });
const ref = (name) => ({ ref: name });
const map = (check) => ({ map: check });
const any = () => true;

const COMMON = {
  kind: string, x: number, y: number, w: size, h: size, rot: optional(number), name: optional(string), alt: optional(string),
  link: optional(string), clip: optional(list(ref('Clip'))), opacity: optional(number),
};
const OPS = { M: 2, L: 2, C: 6, Z: 0 };
const step = (v) => Array.isArray(v) && OPS[v[0]] === v.length - 1 && v.slice(1).every(number);
const stop = (v) => Array.isArray(v) && v.length === 2 && number(v[0]) && color(v[1]);
const stops = (v) => Array.isArray(v) && v.length > 1 && v.every(stop);
const BOX = { x: number, y: number, w: number, h: number };
const PAINT = { geometry: optional(ref('Geometry')), line: optional(ref('Line')), shadows: optional(list(ref('Shadow'))) };

const nullable = (check) => (v) => v === null || v === undefined || check(v);
const maybe = nullable(color);
const FONT = { color, size: number, bold: flag };
const CHART = {
  Chart: {
    type: oneOf('bar', 'line', 'area', 'pie', 'doughnut', 'scatter'), horizontal: flag, stacked: flag, categories: list(string), series: list(ref('Series')),
    base: optional(ref('Axis')), value: optional(ref('Axis')), title: optional(ref('Label')), area: ref('Box'), legend: optional(ref('Legend')),
    gap: optional(size), overlap: optional(number), hole: optional(size), turn: optional(size), family: string, height: size,
  },
  Series: {
    name: string, values: list(nullable(number)), xs: optional(list(nullable(number))), fill: list(maybe), border: maybe, borderWidth: size, dashed: flag,
    line: flag, smooth: flag, radius: size, area: flag,
  },
  Axis: {
    ...FONT, min: nullable(number), max: nullable(number), step: nullable(size), format: string, shown: flag, labelled: flag, grid: maybe, gridWidth: size,
    edge: maybe, title: optional(ref('Label')), offset: flag,
  },
  Label: { ...FONT, text: string },
  Legend: { ...FONT, side: oneOf('t', 'b', 'l', 'r'), box: optional(ref('Box')) },
};

/** Field tables; a table with `by` chooses another by a member. */
export const SCHEMA = {
  Deck: { title: string, language: string, slides: list(ref('Slide')), styles: list(ref('Style')), media: map(any) },
  Slide: {
    width: size, height: size, background: optional(ref('Fill')), notes: string, items: list(ref('Item')),
    warnings: list(any), number: optional(size),
  },
  Item: { by: 'kind', of: { shape: 'Shape', text: 'TextItem', picture: 'Picture', table: 'Table', group: 'Group', chart: 'ChartItem' } },
  Shape: { ...COMMON, ...PAINT, fill: optional(ref('Fill')), text: optional(ref('Text')), soft: optional(size) },
  TextItem: { ...COMMON, text: ref('Text'), title: optional(flag) },
  Picture: {
    ...COMMON, ...PAINT, media: string, svg: optional(string), crop: optional(ref('Crop')), alpha: optional(number), grey: optional(flag),
  },
  Table: { ...COMMON, cols: list(size), rows: list(size), cells: list(ref('Cell')) },
  Group: { ...COMMON, items: list(ref('Item')) },
  ChartItem: { ...COMMON, ...PAINT, chart: ref('Chart'), style: size, media: string, alpha: optional(number), crop: optional(ref('Crop')), grey: optional(flag) },
  ...CHART,
  Clip: { ...BOX, radii: optional(list(size)), points: optional(list(any)) },
  Crop: { l: number, t: number, r: number, b: number },
  Geometry: { by: 'type', of: { rect: 'Plain', ellipse: 'Plain', round: 'Round', path: 'PathShape' } },
  Plain: { type: string },
  Round: { type: string, r: size },
  PathShape: { type: string, paths: list(list(step)) },
  Fill: { by: 'type', of: { solid: 'Solid', linear: 'Linear', radial: 'Radial', picture: 'PictureFill' } },
  Solid: { type: string, color },
  Linear: { type: string, angle: number, stops },
  Radial: { type: string, cx: number, cy: number, stops },
  PictureFill: { type: string, media: string, crop: optional(ref('Crop')) },
  Line: {
    color, width: size, dash: optional(oneOf('solid', 'dash', 'dot')), pattern: optional(list(size)), cap: optional(oneOf('flat', 'round', 'square')),
    join: optional(oneOf('miter', 'round', 'bevel')), head: optional(string), tail: optional(string), end: optional(oneOf('sm', 'lg')),
  },
  Shadow: { dx: number, dy: number, blur: size, spread: number, color, inset: flag },
  Text: { paragraphs: list(ref('Paragraph')), box: ref('Box'), vertical: optional(oneOf('rl', 'lr', 'upright')) },
  Box: BOX,
  Paragraph: {
    align: oneOf('l', 'ctr', 'r', 'just'), rtl: flag, pitch: optional(size), lines: list(ref('TextLine')), level: optional(size), bullet: optional(ref('Bullet')),
  },
  Bullet: {
    char: optional(string), number: optional(string), start: optional(number), color: optional(color), font: optional(string),
    size: optional(size), room: optional(size),
  },
  TextLine: { x: number, w: size, baseline: number, size, broken: flag, next: optional(size), runs: list(ref('Run')) },
  Run: { text: string, style: size, gap: optional(number) },
  Style: {
    family: string, weight: size, italic: flag, size, color, spacing: number, underline: flag, strike: flag, lang: string,
    script: optional(oneOf('super', 'sub')), gradient: optional(ref('Fill')), shadow: optional(ref('Shadow')),
    link: optional(string), caps: optional(flag), stroke: optional(ref('Line')), faces: optional(any),
  },
  Cell: {
    row: size, col: size, rowSpan: size, colSpan: size, fill: optional(ref('Fill')), borders: map(optional(ref('Line'))),
    x: number, y: number, w: size, h: size, text: optional(ref('Text')),
  },
};

/** Checks one value; findings are "path: what". */
function check(rule, value, path, findings) {
  if (rule.optional) {
    if (value !== undefined && value !== null) check(rule.optional, value, path, findings);
  } else if (rule.list) {
    if (Array.isArray(value)) value.forEach((v, i) => check(rule.list, v, `${path}[${i}]`, findings));
    else findings.push(`${path}: not a list`);
  } else if (rule.map) {
    for (const [key, v] of Object.entries(value ?? {})) check(rule.map, v, `${path}.${key}`, findings);
  } else if (rule.ref) {
    checkObject(SCHEMA[rule.ref], value, path, findings);
  } else if (!rule(value)) {
    findings.push(`${path}: ${JSON.stringify(value)?.slice(0, 60)} is not allowed`);
  }
}

function checkObject(table, value, path, findings) {
  if (value === null || typeof value !== 'object') {
    findings.push(`${path}: not an object`);
  } else if (table.by) {
    const name = table.of[value[table.by]];
    if (name) checkObject(SCHEMA[name], value, path, findings);
    else findings.push(`${path}: ${table.by} ${JSON.stringify(value[table.by])} is unknown`);
  } else {
    for (const [key, rule] of Object.entries(table)) check(rule, value[key], `${path}.${key}`, findings);
    for (const key of Object.keys(value)) if (!(key in table)) findings.push(`${path}: ${key} is not in the schema`);
  }
}

/**
 * @param {object} deck
 * @returns {string[]} what is wrong with it; empty when it is a display list
 */
export function validate(deck) {
  const findings = [];
  checkObject(SCHEMA.Deck, deck, 'deck', findings);
  return findings;
}
