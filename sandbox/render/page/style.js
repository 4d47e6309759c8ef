// SPDX-License-Identifier: Apache-2.0
/* The style of text: what an element says about its characters, and what those around it say (decoration, links). */

const cache = new Map();

/** Walks outward through the elements whose decoration and position reach this text. */
function around(el, visit) {
  for (let at = el; at && at !== page.slide.parentElement; at = at.parentElement ?? at.getRootNode().host) {
    const style = page.css(at);
    if (visit(at, style)) return;
    if (style.display !== 'inline' && (/^inline-/.test(style.display) || style.float !== 'none' || style.position === 'absolute')) return;
  }
}

/** 'super' or 'sub' when an inline element around the text moves it so. */
page.scriptOf = function scriptOf(el) {
  let script;
  around(el, (at, style) => {
    if (style.display !== 'inline') return true;
    if (style.verticalAlign === 'super' || style.verticalAlign === 'sub') script = { at, name: style.verticalAlign };
    return Boolean(script);
  });
  return script;
};

function decorations(el) {
  const found = { underline: false, strike: false };
  around(el, (at, style) => {
    if (style.textDecorationLine.includes('underline')) found.underline = true;
    if (style.textDecorationLine.includes('line-through')) found.strike = true;
  });
  return found;
}

/** The gradient of text that is a window to its background. */
function textGradient(el, opacity) {
  for (let at = el; at && at !== page.slide.parentElement; at = at.parentElement) {
    const style = page.css(at);
    const clip = style.backgroundClip || style.webkitBackgroundClip;
    if (clip.split(',')[0] !== 'text') continue;
    const [layer] = page.layers(style);
    const fill = layer && page.gradient(layer.image, page.rect(at), opacity);
    return fill ?? { type: 'solid', color: page.fade(page.color(style.backgroundColor), opacity) };
  }
  return null;
}

function shadowOf(style, opacity) {
  const [first] = page.shadowList(style.textShadow);
  return first && { ...first, spread: 0, inset: false, color: page.fade(first.color, opacity) };
}

function strokeOf(style, opacity) {
  return { color: page.fade(page.color(style.webkitTextStrokeColor), opacity), width: page.px(style.webkitTextStrokeWidth) };
}

/**
 * The index of the style of an element's own text.
 * @param {Element} el
 * @param {{opacity: number, link?: string}} state
 */
page.textStyle = function textStyle(el, state) {
  const key = cache.get(el);
  if (key !== undefined) return key;
  const style = page.css(el);
  const script = page.scriptOf(el);
  const size = page.px(page.css(script ? script.at.parentElement : el).fontSize);
  let color = page.color(style.webkitTextFillColor || style.color);
  const gradient = color[3] < 0.05 ? textGradient(el, state.opacity) : null;
  if (gradient) color = gradient.type === 'solid' ? gradient.color : gradient.stops[0][1];
  else color = page.fade(color, state.opacity);
  const shadow = style.textShadow !== 'none' ? shadowOf(style, state.opacity) : null;
  const lang = el.closest('[lang]')?.lang || page.language;
  const index = page.styleIndex({
    family: style.fontFamily, weight: Number(style.fontWeight), italic: style.fontStyle !== 'normal', size, color,
    spacing: page.px(style.letterSpacing), ...decorations(el), lang,
    ...(script && { script: script.name }), ...(gradient?.stops && { gradient }), ...(shadow && { shadow }),
    ...(state.link && { link: state.link }), ...(style.fontVariantCaps === 'small-caps' && { caps: true }),
    ...(page.px(style.webkitTextStrokeWidth) > 0 && { stroke: strokeOf(style, state.opacity) }),
  });
  cache.set(el, index);
  return index;
};
