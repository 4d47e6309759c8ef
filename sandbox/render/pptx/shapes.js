// SPDX-License-Identifier: Apache-2.0
/* Shapes, pictures, text boxes and groups of a slide. */
import { clipped } from './clip.js';
import { geometryXml } from './geometry.js';
import { effectsXml, fillXml, lineXml } from './paint.js';
import { NO_TEXT, textBody } from './text.js';
import { insets, layout, turned } from './textmodel.js';
import { escape } from './xml.js';

const DECORATIVE = '<a:extLst><a:ext uri="{C183D7F6-B498-43B3-948B-1728B52AA6E4}">'
  + '<adec:decorative xmlns:adec="http://schemas.microsoft.com/office/drawing/2017/decorative" val="1"/></a:ext></a:extLst>';

/** p:cNvPr: id, name, alternative text or that none is needed, link. */
export function nameXml(item, context, fallback, decorative) {
  const id = context.nextId();
  const link = item.link ? context.link(item.link) : '';
  const click = link ? `<a:hlinkClick r:id="${link}"/>` : '';
  const rest = click + (decorative && !item.alt ? DECORATIVE : '');
  const open = `<p:cNvPr id="${id}" name="${escape(item.name ?? `${fallback} ${id}`)}"${item.alt ? ` descr="${escape(item.alt)}"` : ''}`;
  return rest ? `${open}>${rest}</p:cNvPr>` : `${open}/>`;
}

function shapeText(item, context) {
  if (!item.text) return NO_TEXT;
  const placed = layout(item.text);
  return textBody(placed, insets(placed, item), context);
}

const NO_EFFECT = '';

function pictureFillXml(fill, context) {
  const blip = context.picture(fill.media);
  if (!blip) return '<a:noFill/>';
  return `<a:blipFill rotWithShape="1"><a:blip r:embed="${blip.id}"/>${cropXml(fill.crop)}<a:stretch><a:fillRect/></a:stretch></a:blipFill>`;
}

export function shapeXml(whole, context) {
  const item = clipped(whole);
  if (!item) return '';
  const { frame } = context;
  const fill = item.fill?.type === 'picture' ? pictureFillXml(item.fill, context) : fillXml(item.fill);
  const properties = `${frame.xfrm(item)}${geometryXml(item.geometry, frame, item)}${fill}`
    + `${lineXml(item.line, frame)}${effectsXml(item.shadows, frame, item) || NO_EFFECT}`;
  return `<p:sp><p:nvSpPr>${nameXml(item, context, item.text ? 'Text' : 'Shape', !item.text)}<p:cNvSpPr/><p:nvPr/></p:nvSpPr>`
    + `<p:spPr>${properties}</p:spPr>${shapeText(item, context)}</p:sp>`;
}

/** A title has some room to grow: it wraps whatever it is told. */
function titleRoom(placed) {
  const room = placed.w * 0.12;
  const { align } = placed.paragraphs[0];
  const left = align === 'r' ? room : align === 'ctr' ? room / 2 : 0;
  return { ...placed, x: placed.x - left, w: placed.w + room };
}

export function textXml(item, context) {
  const { frame } = context;
  const title = item.title && context.takeTitle();
  let placed = layout(item.text);
  if (title && !placed.wraps) placed = titleRoom(placed);
  let box = { ...turned(placed, item), rot: item.rot };
  let vert = '';
  if (item.text.vertical === 'upright') {
    vert = 'eaVert';
    box = { x: box.x + box.w / 2 - box.h / 2, y: box.y + box.h / 2 - box.w / 2, w: box.h, h: box.w };
  }
  const body = textBody(placed, { l: 0, t: 0, r: 0, b: 0 }, context, { vert, wrap: placed.wraps || title });
  const name = nameXml(item, context, title ? 'Title' : 'Text', false);
  const kind = title ? '<p:cNvSpPr><a:spLocks noGrp="1"/></p:cNvSpPr><p:nvPr><p:ph type="title"/></p:nvPr>' : '<p:cNvSpPr txBox="1"/><p:nvPr/>';
  return `<p:sp><p:nvSpPr>${name}${kind}</p:nvSpPr><p:spPr>${frame.xfrm(box)}${geometryXml(null)}<a:noFill/></p:spPr>${body}</p:sp>`;
}

const share = (v) => Math.round(v * 100000);

function cropXml(crop) {
  if (!crop) return '';
  const sides = ['l', 't', 'r', 'b'].filter((side) => Math.abs(share(crop[side])) > 1);
  return sides.length ? `<a:srcRect${sides.map((side) => ` ${side}="${share(crop[side])}"`).join('')}/>` : '';
}

const SVG = (id) => '<a:extLst><a:ext uri="{96DAC541-7B7A-43D3-8B79-37D633B846F1}">'
  + `<asvg:svgBlip xmlns:asvg="http://schemas.microsoft.com/office/drawing/2016/SVG/main" r:embed="${id}"/></a:ext></a:extLst>`;

export function pictureXml(whole, context) {
  const item = clipped(whole);
  const blip = item && context.picture(item.media, item.svg);
  if (!blip) return '';
  const { frame } = context;
  const faded = item.alpha !== undefined && item.alpha < 0.999 ? `<a:alphaModFix amt="${share(item.alpha)}"/>` : '';
  const inside = faded + (item.grey ? '<a:grayscl/>' : '') + (blip.svg ? SVG(blip.svg) : '');
  const image = inside ? `<a:blip r:embed="${blip.id}">${inside}</a:blip>` : `<a:blip r:embed="${blip.id}"/>`;
  const line = item.line ? lineXml(item.line, frame) : '';
  return `<p:pic><p:nvPicPr>${nameXml(item, context, 'Picture', true)}<p:cNvPicPr><a:picLocks noChangeAspect="1"/></p:cNvPicPr><p:nvPr/></p:nvPicPr>`
    + `<p:blipFill>${image}${cropXml(item.crop)}<a:stretch><a:fillRect/></a:stretch></p:blipFill>`
    + `<p:spPr>${frame.xfrm(item)}${geometryXml(item.geometry, frame, item)}${line}${effectsXml(item.shadows, frame, item)}</p:spPr></p:pic>`;
}

/** A group keeps the coordinates of the slide. */
export function groupXml(item, context, itemXml) {
  const inner = item.items.map((each) => itemXml(each, context)).join('');
  if (!inner) return '';
  const { frame } = context;
  const box = `<a:off x="${frame.x(item.x)}" y="${frame.y(item.y)}"/><a:ext cx="${frame.emu(item.w)}" cy="${frame.emu(item.h)}"/>`;
  const child = box.replace('a:off', 'a:chOff').replace('a:ext', 'a:chExt');
  return `<p:grpSp><p:nvGrpSpPr>${nameXml(item, context, 'Group', false)}<p:cNvGrpSpPr/><p:nvPr/></p:nvGrpSpPr>`
    + `<p:grpSpPr><a:xfrm>${box}${child}</a:xfrm></p:grpSpPr>${inner}</p:grpSp>`;
}
