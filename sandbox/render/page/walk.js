// SPDX-License-Identifier: Apache-2.0
/*
 * The order of painting (CSS 2.1 appendix E): a stacking context is its own box, contexts below zero, boxes of blocks,
 * floats, inline content, then contexts from zero up. Positioned elements without z-index, floats, inline blocks and flex
 * items are painted as if they were contexts, but what is positioned in them belongs to the context around them.
 *
 * state: { opacity, clip: [Clip], hidden, link }   what an element inherits from those around it
 */

/** What kind of child an element is for its parent's painting. */
function role(el, style, parentDisplay) {
  const inFlex = /flex|grid/.test(parentDisplay);
  const positioned = style.position !== 'static';
  const real = style.opacity < 1 || style.transform !== 'none' || style.rotate !== 'none' || style.scale !== 'none'
    || style.translate !== 'none' || style.filter !== 'none' || style.mixBlendMode !== 'normal' || style.isolation === 'isolate'
    || style.maskImage !== 'none' && style.maskImage !== undefined || style.clipPath !== 'none' || style.perspective !== 'none'
    || style.backdropFilter !== 'none' || /transform|opacity/.test(style.willChange) || /paint|layout|strict|content/.test(style.contain);
  const z = (positioned || inFlex) && style.zIndex !== 'auto' ? Number(style.zIndex) : null;
  if (real || z !== null) return { layer: 'context', z: z ?? 0 };
  if (positioned) return { layer: 'positioned', z: 0 };
  if (style.float !== 'none') return { layer: 'float' };
  if (inFlex) return { layer: 'inline' };
  return { layer: /^inline-/.test(style.display) ? 'inline' : 'block' };
}

const byZ = (entries) => entries.sort((a, b) => a.z - b.z).flatMap((entry) => entry.items);

/**
 * Everything of one element, in order.
 * @param {Element} el
 * @param {object} state
 * @param {{below: object[], above: object[]}} [outer]  of the context around, when el is none itself
 */
page.context = function context(el, state, outer) {
  const layers = outer ?? { below: [], above: [] };
  const flow = { layers, blocks: [], floats: [], inline: [] };
  const before = layers.below.length + layers.above.length;
  const own = page.leaf(el, state);
  if (own) return own;
  const box = page.boxItems(el, state);
  page.descend(el, page.inherit(el, state), flow);
  const alone = !flow.blocks.length && !flow.floats.length && layers.below.length + layers.above.length === before;
  if (alone && flow.inline.length === 1) page.fuse(box, flow.inline);
  const rest = [...flow.blocks, ...flow.floats, ...flow.inline];
  return outer ? [...box, ...rest] : [...box, ...byZ(layers.below), ...rest, ...byZ(layers.above)];
};

/** Text that is all a painted box holds becomes the text of that shape. */
page.fuse = function fuse(box, texts) {
  const shape = box.findLast((b) => page.whole.has(b));
  const [item] = texts;
  if (!shape || shape.kind !== 'shape' || item.kind !== 'text' || item.title || item.rot || shape.text) return;
  if (!item.text.paragraphs.every((p) => p.lines.every((line) => inside(line, shape)))) return;
  shape.text = item.text;
  if (item.link && !shape.link) shape.link = item.link;
  texts.length = 0;
};

function inside(line, box) {
  return line.x >= box.x - 1 && line.x + line.w <= box.x + box.w + 1
    && line.baseline - line.size * 0.9 >= box.y - 2 && line.baseline + line.size * 0.24 <= box.y + box.h + 2;
}

/** Sorts the children of an element into the layers of its painting. */
page.descend = function descend(el, state, flow) {
  const style = page.css(el);
  if (page.list && page.list(el, style, state, flow)) return;
  let group = [];
  const flush = () => {
    if (group.length) flow.inline.push(...page.inlineGroup(group, el, state, flow));
    group = [];
  };
  for (const node of page.kids(el)) {
    if (node.nodeType === Node.TEXT_NODE) {
      group.push(node);
      continue;
    }
    if (node.nodeType !== Node.ELEMENT_NODE || page.ignored(node)) continue;
    if (page.isInline(node, style.display)) {
      group.push(node);
      continue;
    }
    if (page.css(node).position === 'static' || page.css(node).position === 'relative') flush();
    child(node, style.display, state, flow);
  }
  flush();
};

function cutByPath(el, style, state) {
  const clip = style.clipPath !== 'none' && page.clipPath(style.clipPath, page.rect(el));
  return clip ? { ...state, clip: [...state.clip, clip] } : state;
}

/** Paints one child element into the layer it belongs to. */
function child(el, parentDisplay, state, flow) {
  const style = page.css(el);
  if (style.opacity === '0') return;
  if (style.display === 'contents') {
    page.descend(el, page.inherit(el, state), flow);
    return;
  }
  const { layer, z } = role(el, style, parentDisplay);
  if (layer === 'context' || layer === 'positioned') {
    const entry = { z, items: [] };
    (z < 0 ? flow.layers.below : flow.layers.above).push(entry);
    const inner = { ...state, clip: page.clipsFor(el, style, state.clip) };
    entry.items = page.transformed(el, style, () => page.context(el, cutByPath(el, style, inner), layer === 'context' ? undefined : flow.layers));
  } else if (layer === 'float') {
    flow.floats.push(...page.context(el, state, flow.layers));
  } else if (layer === 'inline') {
    flow.inline.push(...page.context(el, state, flow.layers));
  } else {
    block(el, state, flow);
  }
}
page.child = child;

function block(el, state, flow) {
  const leaf = page.leaf(el, state);
  if (leaf) {
    flow.blocks.push(...leaf);
    return;
  }
  const box = page.boxItems(el, state);
  const counts = () => [flow.blocks.length, flow.floats.length, flow.layers.below.length, flow.layers.above.length].join();
  const start = flow.inline.length;
  flow.blocks.push(...box);
  const before = counts();
  page.descend(el, page.inherit(el, state), flow);
  if (counts() !== before || flow.inline.length !== start + 1) return;
  const text = flow.inline.splice(start);
  page.fuse(box, text);
  flow.inline.push(...text);
}

/** The state that the children of an element see. */
page.inherit = function inherit(el, state) {
  const style = page.css(el);
  const next = { ...state, opacity: state.opacity * Number(style.opacity) };
  if (el.tagName === 'A' && el.href) next.link = el.href;
  const clip = page.clipOf(el, style);
  if (clip) next.clip = [...state.clip, clip];
  return next;
};
