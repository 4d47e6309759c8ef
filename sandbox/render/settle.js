// SPDX-License-Identifier: Apache-2.0
/*
 * Waits until a page looks as its author meant it to look: fonts and pictures there, scripts at rest, animations at
 * their end. The page's clock stands still but for the steps made here, so that it is the same at each run.
 */
import { setTimeout as pause } from 'node:timers/promises';

const STEP_MS = 500;
/** What a page may do at least, in its own time: a few animations last a second after half a second. */
const LEAST_STEPS = 3;
/** A page that never rests is captured after this much of its own time... */
const MOST_STEPS = 12;
/** ...or of ours, whatever comes first. */
const MOST_REAL_MS = 20000;
const POLL_MS = 5;

/* c8 ignore start: the functions below run in the page */

/** Starts what waits for being seen. */
function wakeLazy() {
  for (const element of document.querySelectorAll('[loading="lazy"]')) element.loading = 'eager';
  for (const video of document.querySelectorAll('video, audio')) video.pause();
}

/**
 * Brings slides into view, for two frames each: all of them where scripts watch for that. Those with pictures in
 * any case, before they are decoded: a picture of a size that a decoder was asked for is resampled otherwise
 * than one that is first painted, and then which comes first would be chance.
 */
async function visitSlides(all) {
  const MANY = 2000;
  const frames = (count) => new Promise((resolve) => {
    const next = () => (count-- > 0 ? requestAnimationFrame(next) : resolve());
    next();
  });
  const painted = (element) => ['', '::before', '::after'].some((which) => /url\(/.test(getComputedStyle(element, which).backgroundImage));
  const hasPictures = (slide) => {
    if (slide.querySelector('img, image, video')) return true;
    const elements = slide.querySelectorAll('*');
    return elements.length > MANY || [slide, ...elements].some(painted);
  };
  const slides = [...document.querySelectorAll('.slide')].filter((slide) => all || hasPictures(slide));
  for (const slide of slides) {
    slide.scrollIntoView({ behavior: 'instant', block: 'center' });
    await frames(2);
  }
  scrollTo({ top: 0, left: 0, behavior: 'instant' });
  if (slides.length) await frames(2);
}

async function assetsReady() {
  await document.fonts.ready;
  await Promise.all([...document.images].map((image) => image.decode().catch(() => {})));
}

/** Jumps to the end of finite animations, drops endless ones; how many were under way. */
function endAnimations() {
  const animations = document.getAnimations().filter(({ playState }) => playState !== 'finished');
  for (const animation of animations) {
    try {
      animation.finish();
    } catch {
      animation.cancel();
    }
  }
  return animations.length;
}

/** A number that changes when the page does: its tree, and a thumbnail of each canvas. */
function signature() {
  let hash = 17;
  const mix = (number) => {
    hash = Math.imul(hash ^ number, 0x01000193) >>> 0;
  };
  const html = document.documentElement.outerHTML;
  for (let i = 0; i < html.length; i++) mix(html.charCodeAt(i));
  const small = new OffscreenCanvas(64, 64).getContext('2d', { willReadFrequently: true });
  for (const canvas of document.querySelectorAll('canvas')) {
    try {
      small.clearRect(0, 0, 64, 64);
      small.drawImage(canvas, 0, 0, 64, 64);
      for (const value of small.getImageData(0, 0, 64, 64).data) mix(value);
    } catch {
      mix(canvas.width); // tainted, or without an area
    }
  }
  return hash;
}

function comeToRest() {
  document.activeElement?.blur?.();
  scrollTo({ top: 0, left: 0, behavior: 'instant' });
}
/* c8 ignore stop */

/** Until every request that was made has its answer. */
async function answered(deck) {
  while (deck.pending > 0) {
    await deck.deadline.race(pause(POLL_MS));
  }
}

/** Moves the page's clock; how many timers are left. */
async function step(deck) {
  const timers = await deck.evaluateInPage('(ms) => __deck.run(ms)', STEP_MS);
  await answered(deck);
  await deck.evaluate(assetsReady);
  return timers;
}

/** @param {import('./browser.js').Deck} deck */
async function untilStill(deck) {
  const started = performance.now();
  let before = await deck.evaluate(signature);
  for (let steps = 1; ; steps++) {
    const timers = await step(deck);
    const ended = await deck.evaluate(endAnimations);
    const after = await deck.evaluate(signature);
    const still = after === before && ended === 0;
    if (still && (timers === 0 || steps >= LEAST_STEPS)) return;
    if (steps >= MOST_STEPS || performance.now() - started > MOST_REAL_MS) {
      deck.report.warn(null, 'unsettled', { message: `the page still changes after ${(steps * STEP_MS) / 1000} s of its time` });
      return;
    }
    before = after;
  }
}

/**
 * @param {import('./browser.js').Deck} deck  just loaded
 */
export async function settle(deck) {
  await deck.evaluate(wakeLazy);
  await answered(deck);
  await deck.evaluate(visitSlides, await deck.evaluateInPage('() => __deck.watched === true'));
  await deck.evaluate(assetsReady);
  await untilStill(deck);
  await deck.evaluate(comeToRest);
  const notes = await deck.evaluateInPage('() => __deck.notes');
  for (const { what, detail } of Array.isArray(notes) ? notes : []) deck.refused(String(what), String(detail));
}
