// SPDX-License-Identifier: Apache-2.0
/*
 * A chart of Office: its part with the values, the workbook that PowerPoint opens to edit them, and the frame on the slide.
 * The plot has the place that it had on the canvas.
 */
import { AXIS_IDS, axesXml, layoutXml, outlineXml, textProperties, titleXml } from './chartaxes.js';
import { REL, TYPE } from './package.js';
import { fillXml } from './paint.js';
import { nameXml, pictureXml } from './shapes.js';
import { cells, workbook } from './workbook.js';
import { DECLARATION, escape } from './xml.js';

const URI = 'http://schemas.openxmlformats.org/drawingml/2006/chart';
const NS = `xmlns:c="${URI}" xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main"`
  + ' xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"';

/** What the workbook holds: a scatter has a column of x before each of y. */
function rowsOf({ type, categories, series }) {
  const count = Math.max(categories.length, ...series.map((s) => s.values.length));
  if (type === 'scatter') {
    return [series.flatMap((s) => ['x', s.name]), ...Array.from({ length: count }, (_, i) => series.flatMap((s) => [s.xs[i], s.values[i]]))];
  }
  return [['', ...series.map((s) => s.name)], ...Array.from({ length: count }, (_, i) => [categories[i] ?? String(i + 1), ...series.map((s) => s.values[i])])];
}

function pointsXml(values, print) {
  const points = values.map((v, i) => (v === null || v === undefined ? '' : `<c:pt idx="${i}"><c:v>${print(v)}</c:v></c:pt>`));
  return `<c:ptCount val="${values.length}"/>${points.join('')}`;
}

const numbersXml = (tag, formula, values) => `<c:${tag}><c:numRef><c:f>${formula}</c:f><c:numCache><c:formatCode>General</c:formatCode>`
  + `${pointsXml(values, String)}</c:numCache></c:numRef></c:${tag}>`;
const stringsXml = (tag, formula, values) => `<c:${tag}><c:strRef><c:f>${formula}</c:f><c:strCache>${pointsXml(values, escape)}</c:strCache></c:strRef></c:${tag}>`;

const solid = (color) => fillXml(color && { type: 'solid', color });

function shapeProperties(s, chart, context, fill) {
  if (chart.type === 'line' || chart.type === 'scatter') return `<c:spPr>${outlineXml(s.line ? s.border : null, s.borderWidth, context, s.dashed)}</c:spPr>`;
  if (chart.type === 'area') return `<c:spPr>${solid(fill)}<a:ln><a:noFill/></a:ln></c:spPr>`;
  return `<c:spPr>${solid(fill)}${outlineXml(s.border, s.borderWidth, context)}</c:spPr>`;
}

function markerXml(s, chart, context) {
  if (chart.type !== 'line' && chart.type !== 'scatter') return '';
  const size = Math.round(context.frame.points(s.radius * 2) / 100);
  if (size < 2) return '<c:marker><c:symbol val="none"/></c:marker>';
  return `<c:marker><c:symbol val="circle"/><c:size val="${Math.min(72, size)}"/><c:spPr>${solid(s.fill[0])}${outlineXml(s.border, 1, context)}</c:spPr></c:marker>`;
}

/** Points that have another colour than their series. */
function pointColors(s, chart, context) {
  if (s.fill.length < 2 || chart.type === 'line' || chart.type === 'area') return '';
  const flag = chart.type === 'bar' ? '<c:invertIfNegative val="0"/>' : '';
  return s.fill.map((fill, i) => {
    if (chart.type === 'scatter') {
      return `<c:dPt><c:idx val="${i}"/>${markerXml({ ...s, fill: [fill] }, chart, context)}<c:bubble3D val="0"/></c:dPt>`;
    }
    return `<c:dPt><c:idx val="${i}"/>${flag}<c:bubble3D val="0"/>${shapeProperties(s, chart, context, fill)}</c:dPt>`;
  }).join('');
}

function valuesXml(s, i, chart) {
  const last = s.values.length + 1;
  if (chart.type === 'scatter') {
    return numbersXml('xVal', cells(2 * i, 2, last), s.xs) + numbersXml('yVal', cells(2 * i + 1, 2, last), s.values);
  }
  const names = s.values.map((_, k) => chart.categories[k] ?? String(k + 1));
  return stringsXml('cat', cells(0, 2, last), names) + numbersXml('val', cells(i + 1, 2, last), s.values);
}

function seriesXml(s, i, chart, context, index = i) {
  const column = chart.type === 'scatter' ? 2 * i + 1 : i + 1;
  const flag = chart.type === 'bar' ? '<c:invertIfNegative val="0"/>' : '';
  const smooth = chart.type === 'line' || chart.type === 'scatter' ? `<c:smooth val="${s.smooth ? 1 : 0}"/>` : '';
  return `<c:ser><c:idx val="${index}"/><c:order val="${index}"/>${stringsXml('tx', cells(column, 1), [s.name || `Series ${i + 1}`])}`
    + `${shapeProperties(s, chart, context, s.fill[0])}${flag}${markerXml(s, chart, context)}${pointColors(s, chart, context)}`
    + `${valuesXml(s, i, chart)}${smooth}</c:ser>`;
}

/** An area has no line of its own on top: the same values once more as a line. */
function edgesXml(chart, context) {
  const line = { ...chart, type: 'line' };
  const series = chart.series.map((s, i) => (s.border ? seriesXml({ ...s, fill: [s.border] }, i, line, context, chart.series.length + i) : '')).join('');
  const [tag, before, behind] = FORMS.line(line);
  return series && `<c:${tag}>${before}${series}${behind}</c:${tag}>`;
}

/** What each type has before and behind its series. */
const FORMS = {
  bar: (c) => ['barChart', `<c:barDir val="${c.horizontal ? 'bar' : 'col'}"/><c:grouping val="${c.stacked ? 'stacked' : 'clustered'}"/><c:varyColors val="0"/>`,
    `<c:gapWidth val="${c.gap}"/><c:overlap val="${c.overlap}"/>${AXIS_IDS}`],
  line: (c) => ['lineChart', `<c:grouping val="${c.stacked ? 'stacked' : 'standard'}"/><c:varyColors val="0"/>`, `<c:marker val="1"/>${AXIS_IDS}`],
  area: (c) => ['areaChart', `<c:grouping val="${c.stacked ? 'stacked' : 'standard'}"/><c:varyColors val="0"/>`, AXIS_IDS],
  pie: (c) => ['pieChart', '<c:varyColors val="1"/>', `<c:firstSliceAng val="${Math.round(c.turn)}"/>`],
  doughnut: (c) => ['doughnutChart', '<c:varyColors val="1"/>',
    `<c:firstSliceAng val="${Math.round(c.turn)}"/><c:holeSize val="${Math.min(90, Math.max(1, Math.round(c.hole * 100)))}"/>`],
  scatter: () => ['scatterChart', '<c:scatterStyle val="lineMarker"/><c:varyColors val="0"/>', AXIS_IDS],
};

function legendXml({ legend, type, series }, context) {
  if (!legend) return '';
  const twice = type === 'area' ? series.map((s, i) => (s.border ? `<c:legendEntry><c:idx val="${series.length + i}"/><c:delete val="1"/></c:legendEntry>` : '')).join('') : '';
  return `<c:legend><c:legendPos val="${legend.side}"/>${twice}${legend.box ? layoutXml(legend.box) : ''}<c:overlay val="0"/>${textProperties(legend, context)}</c:legend>`;
}

/** The chart part. */
export function chartXml(chart, context, workbookId) {
  const [tag, before, behind] = FORMS[chart.type](chart);
  const series = chart.series.map((s, i) => seriesXml(s, i, chart, context)).join('');
  const font = chart.base ?? chart.legend ?? { size: 12, bold: false, color: [102, 102, 102, 1] };
  return `${DECLARATION}<c:chartSpace ${NS}><c:date1904 val="0"/><c:roundedCorners val="0"/><c:chart>${titleXml(chart.title, context)}`
    + `<c:autoTitleDeleted val="${chart.title ? 0 : 1}"/><c:plotArea>${layoutXml(chart.area, true)}<c:${tag}>${before}${series}${behind}</c:${tag}>${chart.type === 'area' ? edgesXml(chart, context) : ''}`
    + `${axesXml(chart, context)}<c:spPr><a:noFill/><a:ln><a:noFill/></a:ln></c:spPr></c:plotArea>${legendXml(chart, context)}`
    + `<c:plotVisOnly val="1"/><c:dispBlanksAs val="gap"/></c:chart><c:spPr><a:noFill/><a:ln><a:noFill/></a:ln></c:spPr>`
    + `${textProperties(font, context)}<c:externalData r:id="${workbookId}"><c:autoUpdate val="0"/></c:externalData></c:chartSpace>`;
}

/** A chart that is turned, cut off or see-through is the picture of itself. */
function plain(item) {
  const cut = (item.clip ?? []).some((c) => item.x < c.x - 1 || item.y < c.y - 1 || item.x + item.w > c.x + c.w + 1 || item.y + item.h > c.y + c.h + 1);
  return !item.rot && !cut && (item.alpha ?? 1) > 0.99;
}

/** @param {object} item  a ChartItem of the display list */
export function chartFrameXml(item, context) {
  if (!plain(item)) return item.media ? pictureXml({ ...item, kind: 'picture' }, context) : '';
  const { frame, page } = context;
  const pack = page.deck.package;
  const book = pack.media(workbook(rowsOf(item.chart)), TYPE.workbook, '/ppt/embeddings');
  const name = `/ppt/charts/chart${page.number}-${context.nextChart()}.xml`;
  const look = { frame: frame.scaled(item.h / item.chart.height), face: context.styles[item.style]?.faces?.latin };
  pack.add(name, TYPE.chart, chartXml(item.chart, look, pack.link(name, REL.package, book)));
  return `<p:graphicFrame><p:nvGraphicFramePr>${nameXml(item, context, 'Chart', false)}<p:cNvGraphicFramePr><a:graphicFrameLocks/></p:cNvGraphicFramePr><p:nvPr/></p:nvGraphicFramePr>`
    + `${frame.xfrm(item, 'p:xfrm')}<a:graphic><a:graphicData uri="${URI}"><c:chart xmlns:c="${URI}" r:id="${page.link(REL.chart, name)}"/></a:graphicData></a:graphic></p:graphicFrame>`;
}
