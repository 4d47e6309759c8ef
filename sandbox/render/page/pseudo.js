// SPDX-License-Identifier: Apache-2.0
/*
 * Pseudo elements become elements that look the same, so that everything else need not know of them. Where the host may
 * have a shadow root they live there, beside a slot: no selector of the page sees another number of children.
 * If anything moves or changes, the stand-in goes away again.
 */

const SHADOW_HOSTS = new Set(('ARTICLE ASIDE BLOCKQUOTE BODY DIV FOOTER H1 H2 H3 H4 H5 H6 HEADER MAIN NAV P SECTION SPAN').split(' '));
const VOID = new Set('IMG INPUT BR HR VIDEO CANVAS IFRAME TEXTAREA SELECT OBJECT EMBED'.split(' '));

/** The pieces of a content value: strings, counters, attributes, pictures. */
function contentOf(text, el, counters) {
  const parts = [];
  for (const [, string, call, inside, word] of text.matchAll(/"((?:[^"\\]|\\.)*)"|([\w-]+)\(("?[^)]*"?)\)|([\w-]+)/g)) {
    if (string !== undefined) parts.push({ text: string.replace(/\\([\da-f]{1,6}) ?|\\(.)/gi, (_, hex, c) => (hex ? String.fromCodePoint(parseInt(hex, 16)) : c)) });
    else if (call === 'attr') parts.push({ text: el.getAttribute(inside.trim().split(/[ ,]/)[0]) ?? '' });
    else if (call === 'counter' || call === 'counters') parts.push({ text: counters.text(el, call, inside) });
    else if (call === 'url') parts.push({ url: inside.replace(/^"|"$/g, '') });
    else if (word === 'open-quote') parts.push({ text: '“' });
    else if (word === 'close-quote') parts.push({ text: '”' });
  }
  return parts;
}

function standIn(style, parts) {
  const el = document.createElement('x-pseudo');
  let css = '';
  for (const name of style) if (name !== 'content' && !/^(animation|transition)/.test(name)) css += `${name}:${style.getPropertyValue(name)};`;
  el.style.cssText = `${css}animation:none;transition:none`;
  for (const part of parts) {
    if (part.url === undefined) {
      el.append(part.text);
      continue;
    }
    const image = document.createElement('img');
    image.src = part.url;
    image.alt = '';
    el.append(image);
  }
  return el;
}

const look = (el) => {
  const r = el.getBoundingClientRect();
  const s = getComputedStyle(el);
  return [r.left, r.top, r.width, r.height, s.color, s.backgroundColor, s.fontWeight, s.display];
};
const differs = (a, b) => a.some((v, i) => (typeof v === 'number' ? Math.abs(v - b[i]) > 0.6 : v !== b[i]));

function find(slides) {
  const found = [];
  for (const slide of slides) {
    for (const el of [slide, ...slide.querySelectorAll('*')]) {
      if (VOID.has(el.tagName) || el.closest('svg')) continue;
      const styles = ['before', 'after'].map((which) => [which, getComputedStyle(el, `::${which}`)])
        .filter(([, style]) => style.content !== 'none' && style.content !== 'normal' && style.display !== 'none');
      if (styles.length) found.push({ el, styles });
    }
  }
  return found;
}

function put({ el, made }) {
  const { before, after } = made;
  if (SHADOW_HOSTS.has(el.tagName) && !el.shadowRoot) {
    const root = el.attachShadow({ mode: 'open' });
    root.append(...[before, document.createElement('slot'), after].filter(Boolean));
  } else {
    if (before) el.prepend(before);
    if (after) el.append(after);
  }
  el.setAttribute('data-deck-pseudo', Object.keys(made).map((which) => which[0]).join(''));
  page.stand.set(el, made);
}

function takeBack({ el, made }) {
  for (const node of Object.values(made)) node.remove();
  el.removeAttribute('data-deck-pseudo');
  page.stand.delete(el);
  page.warn('pseudo-element', el);
}

page.materialise = function materialise(slides) {
  const found = find(slides);
  if (!found.length) return;
  const counters = page.counters(slides);
  for (const item of found) {
    item.watch = [item.el, ...item.el.children].map((el) => [el, look(el)]);
    item.made = Object.fromEntries(item.styles.map(([which, style]) => [which, standIn(style, contentOf(style.content, item.el, counters))]));
  }
  const sheet = document.createElement('style');
  sheet.textContent = '[data-deck-pseudo*=b]::before{content:none!important}[data-deck-pseudo*=a]::after{content:none!important}';
  document.head.append(sheet);
  for (const item of found) put(item);
  const moved = found.filter((item) => item.watch.some(([el, before]) => differs(before, look(el))));
  for (const item of moved.reverse()) {
    if (item.watch.some(([el, before]) => differs(before, look(el)))) takeBack(item);
  }
};
