// SPDX-License-Identifier: Apache-2.0
/* The entry: gets the page ready, then takes the display list of every slide. */

/** Loads the pictures of backgrounds, so that their sizes are known. */
async function loadImages(slides) {
  page.images = new Map();
  for (const slide of slides) {
    for (const el of [slide, ...slide.querySelectorAll('*')]) {
      for (const [, url] of getComputedStyle(el).backgroundImage.matchAll(/url\("(.*?)"\)/g)) {
        if (page.images.has(url)) continue;
        const image = new Image();
        image.src = url;
        page.images.set(url, image);
      }
    }
  }
  await Promise.all([...page.images.values()].map((image) => image.decode().catch(() => {})));
}

/** Keeps what animations have come to, and lets nothing move any more. */
function freeze() {
  const sheet = document.createElement('style');
  sheet.textContent = '*,*::before,*::after{transition:none!important;caret-color:transparent!important}';
  document.head.append(sheet);
  for (const animation of document.getAnimations()) {
    try {
      animation.commitStyles();
      animation.cancel();
    } catch {
      // of a pseudo element, or of something not shown
    }
  }
}

/** A deck that scales itself to the window: slides are read at their own size. */
function unscale(slide) {
  for (let el = slide; el; el = el.parentElement) {
    const style = getComputedStyle(el);
    for (const name of ['transform', 'scale', 'rotate', 'zoom']) {
      if (!['none', '1', 'normal'].includes(style[name])) el.style.setProperty(name, name === 'zoom' ? '1' : 'none', 'important');
    }
  }
}

/** What is behind the slide: the boxes of the elements around it, cut to the slide. */
function behind(slide, size) {
  const items = [];
  for (let el = slide.parentElement; el; el = el.parentElement) {
    const style = page.css(el);
    if (page.color(style.backgroundColor)[3] === 0 && style.backgroundImage === 'none') continue;
    const canvas = el === document.documentElement || el === document.body;
    const rect = canvas ? { x: 0, y: 0, ...size } : page.rect(el);
    const state = { opacity: 1, clip: [{ x: 0, y: 0, ...size }] };
    items.unshift(...page.paintBox(el, { ...plain(style) }, rect, state));
  }
  return items;
}

/** Only the background of a style. */
function plain(style) {
  const names = ['backgroundColor', 'backgroundImage', 'backgroundSize', 'backgroundPosition', 'backgroundRepeat', 'backgroundClip', 'backgroundOrigin'];
  const rest = { boxShadow: 'none', outlineStyle: 'none' };
  for (const side of ['Top', 'Right', 'Bottom', 'Left']) {
    Object.assign(rest, { [`border${side}Style`]: 'none', [`border${side}Width`]: '0px', [`border${side}Color`]: 'rgb(0, 0, 0)' });
  }
  for (const corner of ['TopLeft', 'TopRight', 'BottomRight', 'BottomLeft']) rest[`border${corner}Radius`] = '0px';
  return { ...Object.fromEntries(names.map((name) => [name, style[name]])), ...rest };
}

/** Takes the fill that covers the slide out of its items. */
function takeBackground(items, size) {
  let background = null;
  while (items.length) {
    const [item] = items;
    const covers = item.kind === 'shape' && item.geometry.type === 'rect' && !item.line && !item.text && !item.shadows
      && Math.abs(item.x) < 1 && Math.abs(item.y) < 1 && Math.abs(item.w - size.w) < 2 && Math.abs(item.h - size.h) < 2;
    if (!covers || !solid(item.fill)) break;
    background = item.fill;
    items.shift();
  }
  return background;
}

const solid = (fill) => (fill?.type === 'solid' ? fill.color[3] >= 1 : fill?.stops?.every(([, c]) => c[3] >= 1));

function notesOf(slide) {
  const parts = [slide.getAttribute('data-notes') ?? slide.getAttribute('data-speaker-notes') ?? ''];
  for (const el of slide.querySelectorAll('aside.notes, .speaker-notes, template.notes, template[data-notes], .notes')) {
    const template = el.tagName === 'TEMPLATE';
    if (template || getComputedStyle(el).display === 'none') parts.push((template ? el.content : el).textContent.replace(/[ \t]*\n\s*/g, '\n'));
  }
  return parts.map((p) => p.trim()).filter(Boolean).join('\n');
}

function titleOf(slide) {
  const shown = (el) => el.checkVisibility({ opacityProperty: true, visibilityProperty: true }) && el.textContent.trim() && !el.closest('table,li,svg');
  return [...slide.querySelectorAll('h1,h2,h3,[role=heading]')].find(shown) ?? null;
}

/** A slide without a heading: its largest text in the upper half is the title. */
function guessTitle(items, size) {
  const largest = (item) => Math.max(...item.text.paragraphs.flatMap((p) => p.lines.map((line) => line.size)));
  const texts = items.filter((item) => item.kind === 'text' && !item.rot && item.text.paragraphs.length === 1 && item.y < size.h * 0.6);
  const [first] = texts.filter((item) => largest(item) >= 36).sort((a, b) => largest(b) - largest(a) || a.y - b.y);
  if (first && first.text.paragraphs[0].lines.length <= 3) first.title = true;
}

const sane = (item) => [item.x, item.y, item.w, item.h].every(Number.isFinite) && item.w >= 0 && item.h >= 0;

/** Everything on the slide; a picture of it should that fail. */
function itemsOf(slide) {
  try {
    const state = { opacity: 1, clip: [], link: undefined };
    return [...behind(slide, page.size), ...page.context(slide, state)].filter(sane);
  } catch (error) {
    return page.raster(slide, `failed: ${error.message}`);
  }
}

function slideList(slide) {
  unscale(slide);
  const r = slide.getBoundingClientRect();
  page.slide = slide;
  page.origin = { x: r.left, y: r.top };
  page.size = { w: r.width, h: r.height };
  page.title = titleOf(slide);
  page.warnings = [];
  const items = itemsOf(slide);
  if (!items.some((item) => item.title)) guessTitle(items, page.size);
  const background = takeBackground(items, page.size);
  page.flattenText(items, background);
  const visible = items.filter((i) => i.rot || i.x < r.width && i.y < r.height && i.x + i.w > 0 && i.y + i.h > 0);
  return { width: r.width, height: r.height, background, notes: notesOf(slide), items: visible, warnings: page.warnings };
}

/**
 * @param {string} selector   of all slides
 * @param {number[]} numbers  from 1: those that are shown
 * @param {object} charts     what charts.js found, by data-deck-chart
 * @returns {Promise<object>} a Deck; media still named by URL or to be captured
 */
page.extract = async function extract(selector, numbers, charts) {
  page.charts = charts;
  const all = document.querySelectorAll(selector);
  const slides = numbers.map((n) => all[n - 1]);
  await loadImages(slides);
  page.language = document.documentElement.lang || 'en-US';
  page.firstLetters(slides);
  page.materialise(slides);
  freeze();
  const title = document.title || slides[0]?.querySelector('h1,h2,h3')?.textContent.trim() || '';
  const list = slides.map(slideList);
  return { title, language: page.language, slides: list, styles: page.styles, media: page.media };
};
