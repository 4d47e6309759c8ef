// SPDX-License-Identifier: Apache-2.0
/* Text, places and axes of charts. */
import { colorXml, solidFill } from './paint.js';
import { escape } from './xml.js';

const share = (v) => Math.round(v * 10000) / 10000;
const dashes = { true: '<a:prstDash val="dash"/>', false: '' };

/** The outline of something in a chart, width in px; none without a colour. */
export function outlineXml(color, width, context, dashed = false) {
  if (!color || !width) return '<a:ln><a:noFill/></a:ln>';
  return `<a:ln w="${Math.max(1, context.frame.emu(width))}" cap="rnd">${solidFill(color)}${dashes[dashed]}<a:round/></a:ln>`;
}

function properties(tag, { size, bold, color }, context) {
  const points = Math.max(100, Math.round(context.frame.points(size) / 10) * 10);
  const face = context.face ? `<a:latin typeface="${escape(context.face)}"/>` : '';
  return `<${tag} sz="${points}" b="${bold ? 1 : 0}"><a:solidFill>${colorXml(color)}</a:solidFill>${face}</${tag}>`;
}

/** How the words of a part of a chart look. */
export function textProperties(font, context) {
  return `<c:txPr><a:bodyPr/><a:lstStyle/><a:p><a:pPr>${properties('a:defRPr', font, context)}</a:pPr><a:endParaRPr lang="en-US"/></a:p></c:txPr>`;
}

/** A heading: of the chart or of an axis. */
export function titleXml(title, context, turned = false) {
  if (!title) return '';
  const body = turned ? '<a:bodyPr rot="-5400000" vert="horz"/>' : '<a:bodyPr/>';
  const paragraphs = title.text.split('\n').map((text) => `<a:p><a:pPr>${properties('a:defRPr', title, context)}</a:pPr>`
    + `<a:r>${properties('a:rPr', title, context)}<a:t>${escape(text)}</a:t></a:r></a:p>`);
  return `<c:title><c:tx><c:rich>${body}<a:lstStyle/>${paragraphs.join('')}</c:rich></c:tx><c:overlay val="0"/></c:title>`;
}

/** A place in shares of the whole chart. */
export function layoutXml({ x, y, w, h }, inner = false) {
  return `<c:layout><c:manualLayout>${inner ? '<c:layoutTarget val="inner"/>' : ''}<c:xMode val="edge"/><c:yMode val="edge"/>`
    + `<c:x val="${share(x)}"/><c:y val="${share(y)}"/><c:w val="${share(w)}"/><c:h val="${share(h)}"/></c:manualLayout></c:layout>`;
}

function axisXml(tag, axis, { id, other, place, head, tail, context }) {
  const grid = axis.grid && axis.shown ? `<c:majorGridlines><c:spPr>${outlineXml(axis.grid, axis.gridWidth, context)}</c:spPr></c:majorGridlines>` : '';
  const labels = axis.shown && axis.labelled ? 'nextTo' : 'none';
  return `<c:${tag}><c:axId val="${id}"/><c:scaling>${head}</c:scaling><c:delete val="0"/><c:axPos val="${place}"/>${grid}`
    + `${titleXml(axis.title, context, place === 'l')}<c:numFmt formatCode="${escape(axis.format)}" sourceLinked="0"/>`
    + `<c:majorTickMark val="none"/><c:minorTickMark val="none"/><c:tickLblPos val="${labels}"/>`
    + `<c:spPr><a:noFill/>${outlineXml(axis.edge, 1, context)}</c:spPr>${textProperties(axis, context)}<c:crossAx val="${other}"/>${tail}</c:${tag}>`;
}

function scaling(axis, backwards = false) {
  const limit = (name) => (axis[name] === null || axis[name] === undefined ? '' : `<c:${name} val="${axis[name]}"/>`);
  return `<c:orientation val="${backwards ? 'maxMin' : 'minMax'}"/>${limit('max')}${limit('min')}`;
}

const BASE = 111111111;
const VALUE = 222222222;
export const AXIS_IDS = `<c:axId val="${BASE}"/><c:axId val="${VALUE}"/>`;

/** Both axes; the names of bars that lie start on top, as they do on the canvas. */
export function axesXml(chart, context) {
  const { base, value, horizontal, type } = chart;
  if (!base) return '';
  const places = horizontal ? ['l', 'b'] : ['b', 'l'];
  const step = (axis) => (axis.step ? `<c:majorUnit val="${axis.step}"/>` : '');
  const between = type === 'bar' || base.offset ? 'between' : 'midCat';
  const common = { context };
  const first = type === 'scatter'
    ? axisXml('valAx', base, { ...common, id: BASE, other: VALUE, place: 'b', head: scaling(base), tail: `<c:crosses val="min"/><c:crossBetween val="midCat"/>${step(base)}` })
    : axisXml('catAx', base, {
      ...common, id: BASE, other: VALUE, place: places[0], head: scaling({}, horizontal),
      tail: '<c:crosses val="autoZero"/><c:auto val="0"/><c:lblAlgn val="ctr"/><c:lblOffset val="100"/><c:noMultiLvlLbl val="1"/>',
    });
  const crosses = horizontal ? 'max' : type === 'scatter' ? 'min' : 'autoZero';
  const second = axisXml('valAx', value, {
    ...common, id: VALUE, other: BASE, place: places[1], head: scaling(value),
    tail: `<c:crosses val="${crosses}"/><c:crossBetween val="${type === 'scatter' ? 'midCat' : between}"/>${step(value)}`,
  });
  return first + second;
}
