// SPDX-License-Identifier: Apache-2.0
/*
 * The job: one JSON object, at most 16 KiB.
 *
 *   version           "v1" pictures (the default), "v2" editable
 *   page_load_ms      most for loading and settling
 *   timeout_ms        most for everything
 *   max_slides        of the deck
 *   max_output_bytes  previews and presentation together
 *   now               what the page takes for the time, in ms since 1970; the start of 2026 if not said,
 *                     so that the same deck gives the same bytes
 *
 * A job ends with one line of JSON on standard output: what was made with exit 0, {"error": ...} otherwise.
 */

export const JOB_BYTES = 16 * 1024;

export const EXIT = { done: 0, failed: 1, client: 2, timeout: 3 };

const NUMBERS = {
  page_load_ms: { default: 30000, min: 1, max: 3600000 },
  timeout_ms: { default: 180000, min: 1, max: 3600000 },
  max_slides: { default: 200, min: 1, max: 10000 },
  max_output_bytes: { default: 220000000, min: 1, max: 2 ** 31 },
  now: { default: Date.UTC(2026, 0, 1), min: 0, max: 8.64e15 },
};
const VERSIONS = ['v1', 'v2'];

/** An end of the job that its client may read about. */
export class JobError extends Error {
  /**
   * @param {string} message
   * @param {number} exitCode  one of EXIT
   */
  constructor(message, exitCode = EXIT.client) {
    super(message);
    this.exitCode = exitCode;
  }
}

/** "1 second", "30 seconds", "1.5 seconds" */
export function seconds(ms) {
  const count = Math.round(ms / 100) / 10;
  return `${count} second${count === 1 ? '' : 's'}`;
}

/**
 * @param {string} text
 * @returns {{version: 'v1' | 'v2', page_load_ms: number, timeout_ms: number, max_slides: number,
 *   max_output_bytes: number, now: number}}
 */
export function parseJob(text) {
  if (Buffer.byteLength(text) > JOB_BYTES) throw new Error('job: too large');
  const given = JSON.parse(text);
  if (given === null || typeof given !== 'object' || Array.isArray(given)) throw new Error('job: not an object');
  const job = { version: given.version ?? VERSIONS[0] };
  if (!VERSIONS.includes(job.version)) throw new Error(`job: version is ${JSON.stringify(given.version)}`);
  for (const [name, { default: standard, min, max }] of Object.entries(NUMBERS)) {
    const value = given[name] ?? standard;
    if (!Number.isInteger(value) || value < min || value > max) throw new Error(`job: ${name} is ${JSON.stringify(value)}`);
    job[name] = value;
  }
  return job;
}

/** A point in time that all waiting ends at. */
export class Deadline {
  /**
   * @param {number} ms
   * @param {string} message  of the JobError
   * @param {Deadline} [outer] that ends this one, too
   */
  constructor(ms, message, outer) {
    this.end = performance.now() + ms;
    this.message = message;
    if (outer && outer.end < this.end) {
      this.end = outer.end;
      this.message = outer.message;
    }
  }

  left() {
    return Math.max(1, Math.ceil(this.end - performance.now()));
  }

  error() {
    return new JobError(this.message, EXIT.timeout);
  }

  /**
   * The promise's value, or the deadline's error.
   * @template T
   * @param {Promise<T>} promise
   * @returns {Promise<T>}
   */
  async race(promise) {
    promise.catch(() => {}); // it may fail after nobody waits any more
    let timer;
    const expired = new Promise((_, reject) => {
      timer = setTimeout(() => reject(this.error()), this.left());
    });
    try {
      return await Promise.race([promise, expired]);
    } finally {
      clearTimeout(timer);
    }
  }
}
