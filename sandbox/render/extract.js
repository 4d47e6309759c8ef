// SPDX-License-Identifier: Apache-2.0
/*
 * Takes the display list of all slides in one call, then the bytes of its media.
 */
import fs from 'node:fs';
import { ORIGIN } from './browser.js';
import { findCharts } from './charts.js';
import { validate } from './displaylist.js';
import { SELECTOR } from './shots.js';

const SCRIPTS = ['base', 'paint', 'polygons', 'clip', 'boxes', 'borders', 'patterns', 'layers', 'counters', 'pseudo', 'fragments', 'style', 'text',
  'pieces', 'firstletter', 'icons', 'blur', 'leaf', 'svgpath', 'svgpaint', 'svgtext', 'svgsource', 'svguse', 'svg', 'lists', 'tables', 'tablecorners', 'transform', 'walk', 'flatten', 'slide'];

/** The scripts as the source of one function. */
export function pageSource(call) {
  const parts = SCRIPTS.map((name) => `{\n${fs.readFileSync(new URL(`page/${name}.js`, import.meta.url), 'utf8')}\n}`);
  return `(...args) => { return (() => { 'use strict'; const page = {};\n${parts.join('\n')}\nreturn page.${call}(...args); })(); }`;
}

const SIGNATURES = [['image/png', '89504e47'], ['image/jpeg', 'ffd8ff'], ['image/gif', '47494638']];

/** What PowerPoint can show, by the first bytes; null for anything else. */
export function pictureType(bytes) {
  const start = bytes.subarray(0, 8).toString('hex');
  return SIGNATURES.find(([, signature]) => start.startsWith(signature))?.[0] ?? null;
}

const isSvg = (bytes) => /^\s*(<\?xml[^>]*>\s*)?(<!--[\s\S]*?-->\s*|<!DOCTYPE[^>]*>\s*)*<svg/i.test(bytes.subarray(0, 2000).toString('utf8'));

/* c8 ignore start: runs in the page */
async function readUrl(url) {
  const bytes = new Uint8Array(await (await fetch(url)).arrayBuffer());
  let text = '';
  for (let i = 0; i < bytes.length; i += 32768) text += String.fromCharCode(...bytes.subarray(i, i + 32768));
  return btoa(text);
}

async function asPng(url, scale) {
  const image = new Image();
  image.src = url;
  await image.decode();
  const canvas = document.createElement('canvas');
  const k = Math.min(scale, 4096 / Math.max(image.naturalWidth, image.naturalHeight));
  canvas.width = Math.max(1, Math.round((image.naturalWidth || 300) * k));
  canvas.height = Math.max(1, Math.round((image.naturalHeight || 150) * k));
  canvas.getContext('2d').drawImage(image, 0, 0, canvas.width, canvas.height);
  return canvas.toDataURL('image/png').split(',')[1];
}

function capturing(id) {
  const sheet = document.getElementById('deck-capturing') ?? document.head.appendChild(document.createElement('style'));
  sheet.id = 'deck-capturing';
  const at = `[data-deck-capture="${id}"]`;
  // What another SVG lends (symbols, gradients) stays; in the element, what was hidden stays hidden.
  sheet.textContent = `html,body{background:transparent!important}*:not(${at},${at} *,svg *){visibility:hidden!important}`
    + `${at},:is(defs,symbol,clipPath,mask,pattern,marker){visibility:visible!important}`;
}
/* c8 ignore stop */

/** The bytes behind a URL: in the URL, in a file of the deck, or in the page. */
async function bytesOf(deck, url) {
  const inline = /^data:[^,]*;base64,(.*)$/s.exec(url);
  if (inline) return Buffer.from(decodeURIComponent(inline[1]), 'base64');
  if (url.startsWith(`${ORIGIN}/`)) {
    const file = deck.assets.get(decodeURIComponent(new URL(url).pathname));
    if (file) return fs.readFileSync(file);
  }
  return Buffer.from(await deck.evaluate(readUrl, url), 'base64');
}

async function fromUrl(deck, url) {
  const bytes = await bytesOf(deck, url);
  const type = pictureType(bytes);
  if (type) return { type, bytes };
  const svg = isSvg(bytes);
  const png = Buffer.from(await deck.evaluate(asPng, url, svg ? 2 : 1), 'base64');
  return { type: 'image/png', bytes: png, ...(svg && { svg: bytes }) };
}

async function fromCapture(deck, { id, x, y, w, h, scale }, svg) {
  await deck.evaluate(capturing, id);
  await deck.send('Emulation.setDefaultBackgroundColorOverride', { color: { r: 0, g: 0, b: 0, a: 0 } });
  const clip = { x, y, width: w, height: h, scale: Math.min(scale, 4096 / Math.max(w, h)) };
  const { data } = await deck.send('Page.captureScreenshot', { format: 'png', captureBeyondViewport: true, clip });
  return { type: 'image/png', bytes: Buffer.from(data, 'base64'), ...(svg && { svg: Buffer.from(svg) }) };
}

async function resolve(deck, media) {
  if (media.data !== undefined) return { ...media, data: undefined, bytes: Buffer.from(media.data, 'base64') };
  return media.url === undefined ? fromCapture(deck, media.capture, media.svg) : fromUrl(deck, media.url);
}

/** Leaves out items that are not as the schema says, and notes it: one odd path is no reason to lose a deck. */
function withoutFaults(list) {
  const findings = validate(list);
  const faults = new Map();
  for (const finding of findings) {
    const [, slide, item] = /^deck\.slides\[(\d+)\]\.items\[(\d+)\]/.exec(finding) ?? [];
    if (item === undefined) throw new Error(`display list: ${finding}`);
    faults.set(list.slides[slide].items[item], { slide, finding });
  }
  for (const [item, { slide, finding }] of faults) {
    const { items, warnings } = list.slides[slide];
    items.splice(items.indexOf(item), 1);
    warnings.push({ kind: 'lost', element: finding.slice(0, 200) });
  }
  return list;
}

/**
 * @param {import('./browser.js').Deck} deck
 * @param {import('./shots.js').Slide[]} slides
 * @returns {Promise<object>} a Deck of displaylist.js, its media as bytes
 */
export async function extract(deck, slides) {
  const numbers = slides.map(({ element }) => element);
  const list = withoutFaults(await deck.evaluate(pageSource('extract'), SELECTOR, numbers, await findCharts(deck)));
  for (const [key, media] of Object.entries(list.media)) {
    list.media[key] = await resolve(deck, media).catch(() => null);
  }
  return list;
}
