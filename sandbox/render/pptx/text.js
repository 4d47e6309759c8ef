// SPDX-License-Identifier: Apache-2.0
/* Text of DrawingML from a laid out text. */
import { colorXml, effectsXml, fillXml, gradientFill, lineXml } from './paint.js';
import { escape } from './xml.js';

const hundredths = (v) => Math.round(v * 1000);
const NO_COLOR_CHANGE = '<a:extLst><a:ext uri="{A12FA001-AC4F-418D-AE19-62706E023703}">'
  + '<ahyp:hlinkClr xmlns:ahyp="http://schemas.microsoft.com/office/drawing/2018/hyperlinkcolor" val="tx"/></a:ext></a:extLst>';

/** Languages as Office writes them. */
export const language = (tag) => escape(/^[a-z]{2,3}(-[\w-]+)?$/i.test(tag) ? tag : 'en-US');

function attributes(style, run, frame) {
  const size = Math.min(400000, Math.max(100, frame.points(style.size)));
  const spacing = frame.points(style.spacing + (run.gap ?? 0));
  return `lang="${language(style.lang)}" sz="${size}"${style.weight >= 600 ? ' b="1"' : ' b="0"'}${style.italic ? ' i="1"' : ''}`
    + `${style.underline ? ' u="sng"' : ''}${style.strike ? ' strike="sngStrike"' : ''}${style.caps ? ' cap="small"' : ''}`
    + `${spacing ? ` spc="${Math.max(-400000, Math.min(400000, spacing))}"` : ''}`
    + `${style.script ? ` baseline="${style.script === 'super' ? 30000 : -25000}"` : ''} dirty="0"`;
}

function facesXml(faces) {
  return ['latin', 'ea', 'cs'].filter((kind) => faces?.[kind]).map((kind) => `<a:${kind} typeface="${escape(faces[kind])}"/>`).join('');
}

/**
 * @param {object} run
 * @param {{styles: object[], frame: import('./frame.js').Frame, link: (url: string) => string}} context
 */
export function runXml(run, context, tag = 'a:rPr') {
  const style = context.styles[run.style];
  const stroke = style.stroke ? lineXml(style.stroke, context.frame) : '';
  const color = stroke && style.color[3] === 0 ? null : { type: 'solid', color: style.color };
  const fill = style.gradient ? gradientFill(style.gradient) : fillXml(color);
  const shadow = style.shadow ? effectsXml([style.shadow], context.frame) : '';
  const link = style.link && tag === 'a:rPr' ? context.link(style.link) : '';
  const click = link ? `<a:hlinkClick r:id="${link}">${NO_COLOR_CHANGE}</a:hlinkClick>` : '';
  const properties = `<${tag} ${attributes(style, run, context.frame)}>${stroke}${fill}${shadow}${facesXml(run.faces ?? style.faces)}${click}</${tag}>`;
  return tag === 'a:rPr' ? `<a:r>${properties}<a:t>${escape(run.text)}</a:t></a:r>` : properties;
}

function bulletXml(bullet, frame) {
  if (!bullet) return '<a:buNone/>';
  const color = bullet.color ? `<a:buClr>${colorXml(bullet.color)}</a:buClr>` : '';
  const size = bullet.size && Math.abs(bullet.size - 1) > 0.02 ? `<a:buSzPct val="${Math.min(400000, Math.max(25000, Math.round(bullet.size * 100000)))}"/>` : '';
  const font = bullet.font ? `<a:buFont typeface="${escape(bullet.font)}"/>` : '';
  if (bullet.number) return `${color}${size}${font}<a:buAutoNum type="${bullet.number}"${bullet.start > 1 ? ` startAt="${bullet.start}"` : ''}/>`;
  return `${color}${size}${font}<a:buChar char="${escape(bullet.char)}"/>`;
}

function spacingXml(p, frame) {
  const value = p.exact ? `<a:spcPts val="${frame.points(p.exact)}"/>` : `<a:spcPct val="${hundredths(p.percent) * 100}"/>`;
  const before = p.before > 0 ? `<a:spcBef><a:spcPts val="${frame.points(p.before)}"/></a:spcBef>` : '<a:spcBef><a:spcPts val="0"/></a:spcBef>';
  return `<a:lnSpc>${value}</a:lnSpc>${before}`;
}

/** How far a paragraph starts from the edge of its box: the right one where text runs from right to left. */
const startOf = (p, placed) => (p.rtl ? placed.x + placed.w - p.right : p.left - placed.x);

function paragraphXml(p, context, align, placed) {
  const { frame } = context;
  const margin = p.bullet || p.level ? frame.emu(Math.max(0, startOf(p, placed))) : 0;
  const indent = p.bullet ? -Math.min(margin, frame.emu(p.bullet.room ?? 0)) : 0;
  const level = p.level ? ` lvl="${Math.min(8, p.level)}"` : '';
  const body = [];
  p.lines.forEach((line, i) => {
    body.push(...line.runs.map((run) => runXml(run, context)));
    const style = line.runs.at(-1) ?? p.lines.find((l) => l.runs.length).runs[0];
    const byHand = line.broken || !p.wraps && i < p.lines.length - 1;
    if (byHand && i < p.lines.length - 1) body.push(`<a:br>${runXml({ ...style, gap: 0 }, { ...context, link: () => '' }).match(/<a:rPr.*<\/a:rPr>/s)[0]}</a:br>`);
  });
  const end = runXml(p.lines.findLast((l) => l.runs.length).runs.at(-1), context, 'a:endParaRPr');
  return `<a:p><a:pPr marL="${margin}" indent="${indent}"${level} algn="${align ?? p.align}"${p.rtl ? ' rtl="1"' : ''}>`
    + `${spacingXml(p, frame)}${bulletXml(p.bullet, frame)}</a:pPr>${body.join('')}${end}</a:p>`;
}

/**
 * @param {object} placed   what layout() says
 * @param {{l: number, t: number, r: number, b: number, align?: string}} insets  px
 * @param {object} context
 * @param {{tag?: string, vert?: string, wrap?: boolean, body?: string}} [options]
 */
export function textBody(placed, insets, context, { tag = 'p:txBody', vert = '', wrap = placed.wraps, bare = false } = {}) {
  const side = (name) => ` ${name}Ins="${context.frame.emu(insets[name[0]])}"`;
  const room = `${side('l')}${side('t')}${side('r')}${side('b')}`;
  const properties = bare ? '<a:bodyPr/>'
    : `<a:bodyPr${vert && ` vert="${vert}"`} wrap="${wrap ? 'square' : 'none'}"${room} rtlCol="0" anchor="ctr"><a:noAutofit/></a:bodyPr>`;
  const paragraphs = placed.paragraphs.map((p) => paragraphXml(p, context, insets.align, placed));
  return `<${tag}>${properties}<a:lstStyle/>${paragraphs.join('')}</${tag}>`;
}

/** The text body of a shape without text. */
export const NO_TEXT = '<p:txBody><a:bodyPr rtlCol="0" anchor="ctr"/><a:lstStyle/><a:p><a:endParaRPr lang="en-US"/></a:p></p:txBody>';
