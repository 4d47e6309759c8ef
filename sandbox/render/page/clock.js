// SPDX-License-Identifier: Apache-2.0
/*
 * Runs in every frame before its own scripts, in the page's world: time that stands still until we move it,
 * and chance that repeats itself. A plain script: SETTINGS is put before it.
 *
 * __deck.run(ms) fires what is due within the next ms, in order, one task each, here and in frames within.
 */
((settings) => {
  const FRAME_MS = 16;
  const { Date: RealDate, Promise } = window;
  const timers = new Map();
  const channel = new MessageChannel();
  const queue = channel.port1;
  let now = 0;
  let lastId = 0;

  /** Everything that the page has promised itself runs before this ends. */
  const task = () => new Promise((resolve) => {
    queue.onmessage = resolve;
    channel.port2.postMessage(0);
  });

  function add(kind, call, args, delay, every) {
    const wait = Math.max(0, Math.min(2 ** 31, Number(delay) || 0));
    timers.set(++lastId, { id: lastId, kind, call, args, every, wait, at: now + Math.max(1, wait) });
    return lastId;
  }

  function due(end) {
    let first = null;
    for (const timer of timers.values()) {
      if (timer.at <= end && (!first || timer.at < first.at)) first = timer;
    }
    return first;
  }

  function fire(timer) {
    now = Math.max(now, timer.at);
    if (timer.every) timer.at = now + Math.max(1, timer.wait);
    else timers.delete(timer.id);
    try {
      if (typeof timer.call === 'function') timer.call.apply(window, timer.args);
      else (0, eval)(String(timer.call));
    } catch (error) {
      reportError(error);
    }
  }

  async function run(ms) {
    const end = now + ms;
    for (let timer = due(end); timer; timer = due(end)) {
      fire(timer);
      await task();
    }
    now = end;
    for (let i = 0; i < frames.length; i++) {
      try {
        await frames[i].__deck.run(ms);
      } catch {
        // Not ours to look into.
      }
    }
    return timers.size;
  }

  function frameCallback(kind, call, delay, makeArgument) {
    return add(kind, () => call(makeArgument()), [], delay, false);
  }

  const drop = (id) => void timers.delete(Number(id));
  Object.assign(window, {
    setTimeout: (call, delay, ...args) => add('timer', call, args, delay, false),
    setInterval: (call, delay, ...args) => add('timer', call, args, delay, true),
    requestAnimationFrame: (call) => frameCallback('frame', call, FRAME_MS - (now % FRAME_MS), () => now),
    requestIdleCallback: (call) => frameCallback('idle', call, 1, () => ({ didTimeout: false, timeRemaining: () => 50 })),
    clearTimeout: drop,
    clearInterval: drop,
    cancelAnimationFrame: drop,
    cancelIdleCallback: drop,
  });

  const wallClock = () => settings.now + Math.floor(now);
  class FakeDate extends RealDate {
    constructor(...args) {
      if (args.length) super(...args);
      else super(wallClock());
    }

    static now() {
      return wallClock();
    }
  }
  window.Date = new Proxy(FakeDate, {
    apply: () => new FakeDate().toString(),
  });
  RealDate.prototype.constructor = window.Date;
  performance.now = () => now;

  let seed = 0x2f6e2b1;
  /** mulberry32 */
  const random = () => {
    seed = (seed + 0x6d2b79f5) | 0;
    let mixed = Math.imul(seed ^ (seed >>> 15), 1 | seed);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  Math.random = random;
  crypto.getRandomValues = (array) => {
    const bytes = new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
    for (let i = 0; i < bytes.length; i++) bytes[i] = Math.floor(random() * 256);
    return array;
  };
  crypto.randomUUID = () => '10000000-1000-4000-8000-100000000000'.replace(/[018]/g,
    (digit) => (Number(digit) ^ (Math.floor(random() * 16) >> (Number(digit) / 4))).toString(16));

  Object.defineProperty(window, '__deck', { value: { run, notes: [], watched: false } });
})(SETTINGS);
