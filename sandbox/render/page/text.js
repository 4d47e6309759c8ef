// SPDX-License-Identifier: Apache-2.0
/*
 * Text: one item per inline formatting context, with its lines, runs and styles; shapes for what is painted behind
 * inline elements; inline blocks on their own unless they stand in a line of text.
 */

const INLINE = /^(inline|ruby)/;
const REPLACED = new Set(['IMG', 'CANVAS', 'VIDEO', 'IFRAME', 'OBJECT', 'EMBED', 'svg', 'INPUT', 'TEXTAREA', 'SELECT', 'PROGRESS', 'METER', 'math', 'AUDIO']);
page.replaced = (el) => REPLACED.has(el.tagName);

/** Whether a child takes part in its parent's lines. */
page.isInline = function isInline(el, parentDisplay) {
  if (/flex|grid/.test(parentDisplay)) return false;
  const style = page.css(el);
  if (style.position === 'absolute' || style.position === 'fixed' || style.float !== 'none') return false;
  if (el.tagName === 'BR') return true;
  return INLINE.test(style.display) && (style.display !== 'inline' || !holdsBlock(el));
};

function holdsBlock(el) {
  for (const node of el.children) {
    if (page.ignored(node)) continue;
    const { display, position, float } = page.css(node);
    if (position === 'absolute' || position === 'fixed' || float !== 'none') continue;
    if (!INLINE.test(display) && display !== 'contents' || display === 'inline' && holdsBlock(node)) return true;
  }
  return false;
}

/** An inline block that reads as part of a line: only text in it, in one line. */
function joins(el) {
  const style = page.css(el);
  if (style.display !== 'inline-block' || style.transform !== 'none' || page.replaced(el) || page.stand.has(el)) return false;
  if ([...el.children].some((c) => !page.isInline(c, style.display) || page.replaced(c) || page.css(c).display !== 'inline')) return false;
  const lineHeight = page.px(style.lineHeight) || page.px(style.fontSize) * 1.2;
  const inner = el.getBoundingClientRect().height - page.px(style.paddingTop) - page.px(style.paddingBottom)
    - page.px(style.borderTopWidth) - page.px(style.borderBottomWidth);
  return inner < lineHeight * 1.6 && el.textContent.trim().length > 0;
}

const visibleText = (node) => node.nodeType === Node.TEXT_NODE && /[^\s]/.test(node.data);

/** Does the group say anything besides what its inline blocks say? */
function hasText(nodes) {
  return nodes.some((n) => visibleText(n) || n.nodeType === Node.ELEMENT_NODE && page.css(n).display === 'inline'
    && !page.replaced(n) && hasText(page.kids(n)));
}

/** Walks inline content; calls back for each kind of thing in it. */
function gather(nodes, el, state, on) {
  for (const node of nodes) {
    if (node.nodeType === Node.TEXT_NODE) on.text(node, el, state);
    else if (node.nodeType === Node.ELEMENT_NODE && !page.ignored(node)) gatherElement(node, state, on);
  }
}

function gatherElement(node, state, on) {
  const style = page.css(node);
  if (node.tagName === 'BR') {
    on.br(node);
  } else if (style.opacity === '0') {
    // shows nothing
  } else if (style.position === 'absolute' || style.position === 'fixed' || style.float !== 'none') {
    on.child(node, state);
  } else if (page.replaced(node) || page.isIcon(node) || !(style.display === 'inline' || style.display === 'contents' || on.joining && joins(node))) {
    on.atom(node, state);
  } else {
    if (style.display !== 'contents') on.box(node, state);
    gather(page.kids(node), node, page.inherit(node, state), on);
  }
}

/**
 * The items of consecutive inline nodes of a container.
 * @returns {object[]} shapes behind, things between, the text
 */
page.inlineGroup = function inlineGroup(nodes, container, state, flow) {
  if (!nodes.some((n) => n.nodeType === Node.ELEMENT_NODE || visibleText(n))) return [];
  const items = [];
  const fragments = [];
  const states = new Map();
  const atom = (el, inner) => {
    const part = { layers: flow.layers, blocks: [], floats: [], inline: [] };
    page.child(el, 'inline', inner, part);
    items.push(...part.blocks, ...part.floats, ...part.inline);
  };
  gather(nodes, container, state, {
    joining: hasText(nodes),
    text(node, el, inner) {
      states.set(el, inner);
      page.textFragments(node, el, fragments);
    },
    br: (node) => fragments.push({ type: 'break', el: node.parentElement }),
    atom,
    child: (el, inner) => page.child(el, 'inline', inner, flow),
    box: (el, inner) => items.push(...page.inlineBoxes(el, inner)),
  });
  const texts = page.pieces(fragments, container).map((piece) => page.textItem(piece, container, state, (el) => states.get(el)));
  return [...items, ...texts.filter(Boolean)];
};

/** The same for content that is only text: fragments and the shapes behind words. */
page.gatherText = function gatherText(nodes, container, state, fragments, states, items) {
  gather(nodes, container, state, {
    joining: true,
    text(node, el, inner) {
      states.set(el, inner);
      page.textFragments(node, el, fragments);
    },
    br: (node) => fragments.push({ type: 'break', el: node.parentElement }),
    atom: () => {},
    child: () => {},
    box: (el, inner) => items.push(...page.inlineBoxes(el, inner)),
  });
};

/** The box in which the lines of a container were broken. */
page.contentBox = function contentBox(el) {
  const style = page.css(el);
  const r = page.rect(el);
  const side = (name) => page.px(style[`padding${name}`]) + page.px(style[`border${name}Width`]);
  return { x: r.x + side('Left'), y: r.y + side('Top'), w: Math.max(0, r.w - side('Left') - side('Right')), h: Math.max(0, r.h - side('Top') - side('Bottom')) };
};

/** One text item from fragments, or null. */
page.textItem = function textItem(fragments, container, state, stateOf) {
  const style = page.css(container);
  const vertical = style.writingMode !== 'horizontal-tb';
  const box = page.contentBox(container);
  if (vertical) page.upright(fragments, box);
  const paragraph = page.paragraph(vertical ? fragments : page.ellipsis(fragments, style, box), container, stateOf);
  if (!paragraph) return null;
  const visible = vertical ? paragraph.lines : paragraph.lines.filter((line) => shown(line, state.clip));
  if (visible.length < paragraph.lines.length) page.warn('clipped-text', container);
  if (!visible.length) return null;
  paragraph.lines = visible;
  const item = { kind: 'text', ...extent(visible), text: { paragraphs: [paragraph], box }, clip: state.clip };
  if (vertical) turn(item, box, fragments);
  page.wholeLink(item);
  if (page.title && (page.title === container || page.title.contains(container))) {
    item.title = true;
    page.title = null;
  }
  return item;
};

/** A link that is not underlined belongs to the box: on words, Office underlines it. */
page.wholeLink = function wholeLink(item) {
  const runs = item.text.paragraphs.flatMap((p) => p.lines.flatMap((line) => line.runs));
  const [first] = runs.map((run) => page.styles[run.style]);
  if (!first.link || !runs.every((run) => page.styles[run.style].link === first.link && !page.styles[run.style].underline)) return;
  item.link = first.link;
  for (const run of runs) {
    const { link, ...style } = page.styles[run.style];
    run.style = page.styleIndex(style);
  }
};

/** Vertical text: kept as lines from left to right in a box turned by a quarter. */
function turn(item, box, fragments) {
  const cx = box.x + box.w / 2;
  const cy = box.y + box.h / 2;
  Object.assign(item, { x: cx - box.h / 2, y: cy - box.w / 2, w: box.h, h: box.w, rot: 90 });
  item.text.box = { x: item.x, y: item.y, w: item.w, h: item.h };
  if (fragments.some((f) => /[\u2e80-\ua4cf\uac00-\ud7af]/.test(f.text ?? ''))) item.text.vertical = 'upright';
}

page.linesShown = (lines, clips) => lines.every((line) => !line.runs.length || shown(line, clips));

function shown(line, clips) {
  const y0 = line.baseline - line.size * 0.8;
  return clips.every((c) => line.x < c.x + c.w && line.x + line.w > c.x && y0 < c.y + c.h && line.baseline > c.y);
}

function extent(lines) {
  const x = Math.min(...lines.map((l) => l.x));
  const y = lines[0].baseline - lines[0].size * 0.96;
  const last = lines.at(-1);
  return { x, y, w: Math.max(...lines.map((l) => l.x + l.w)) - x, h: Math.max(1, last.baseline + last.size * 0.24 - y) };
}
page.extent = extent;

function alignment(style, rtl) {
  const align = style.textAlign.replace('-webkit-', '');
  if (/flex/.test(style.display) && align === 'start' && style.justifyContent === 'center') return 'ctr';
  if (align === 'center') return 'ctr';
  if (align === 'justify') return 'just';
  if (align === 'start') return rtl ? 'r' : 'l';
  if (align === 'end') return rtl ? 'l' : 'r';
  return align === 'right' ? 'r' : 'l';
}

/** A paragraph of the display list from fragments, or null when nothing shows. */
page.paragraph = function paragraph(fragments, container, stateOf) {
  const lines = page.lines(fragments);
  if (!lines.length) return null;
  const style = page.css(container);
  const rtl = style.direction === 'rtl';
  const { ascent, descent } = page.fontMetrics(style);
  return {
    align: alignment(style, rtl), rtl, pitch: page.px(style.lineHeight) || Math.round(ascent) + Math.round(descent),
    lines: lines.flatMap((line, i) => [page.textLine(line, lines[i + 1], stateOf, rtl),
      ...Array.from({ length: line.blank }, () => blank(line))]),
  };
};

const blank = (line) => ({ x: 0, w: 0, baseline: line.baseline, size: line.size, broken: true, runs: [] });

page.textLine = function textLine(line, next, stateOf, rtl) {
  const words = line.frags.filter((f) => f.type === 'word' || f.kept);
  const x = Math.min(...words.map((f) => f.left));
  const w = Math.max(...words.map((f) => f.right)) - x;
  const last = line.frags.lastIndexOf(words.at(-1));
  const runs = [];
  let previous = null;
  for (const f of line.frags.slice(0, last + 1)) {
    const style = page.textStyle(f.el, stateOf(f.el));
    const gap = previous && !rtl && f.left - previous.right;
    if (previous && Math.abs(gap) > 0.5 && f.left > previous.left) addGap(runs, gap);
    if (previous?.script && !rtl) addGap(runs, scriptGap(previous));
    const run = runs.at(-1);
    if (run && run.style === style && run.gap === undefined) run.text += f.text;
    else runs.push({ text: f.text, style });
    previous = f;
  }
  if (line.spaced && !line.broken && next) runs.at(-1).text += ' ';
  return {
    x, w, baseline: line.baseline, size: line.size, broken: line.broken,
    ...(next && !line.broken && { next: page.firstWord(next) }), runs,
  };
};

const SCRIPT_SCALE = 0.62; // Office takes two thirds of the size for raised text, LibreOffice less

/** How much narrower raised text comes out than it was. */
function scriptGap(f) {
  const size = page.px(page.css(f.el).fontSize);
  const parent = page.px(page.css(f.script.at.parentElement).fontSize);
  return (f.right - f.left) * (1 - SCRIPT_SCALE * parent / size);
}

/** Room before the next run goes to the last character of this one. */
function addGap(runs, gap) {
  const run = runs.at(-1);
  const chars = [...run.text];
  if (chars.length > 1) {
    run.text = chars.slice(0, -1).join('');
    runs.push({ text: chars.at(-1), style: run.style, gap });
  } else {
    run.gap = (run.gap ?? 0) + gap;
  }
}
