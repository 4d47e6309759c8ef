// SPDX-License-Identifier: Apache-2.0
/* The format of Office that writes numbers as the labels of an axis do: 1,000  $5M  40 %. */

const SCALES = [[1, ''], [1e3, ','], [1e6, ',,'], [1e9, ',,,']];

const decimals = (shown) => (/\.(\d+)/.exec(shown)?.[1].length ?? 0);
const plain = (value, digits) => value.toFixed(digits);
const grouped = (value, digits) => value.toLocaleString('en-US', { minimumFractionDigits: digits, maximumFractionDigits: digits });
const literal = (text) => (text ? `"${text}"` : '');

/** A number with what stands before and behind it, or null. */
function parts(label) {
  const found = /^([^\d.\-\u2212]*)([-\u2212]?[\d,]*\.?\d+)([^\d]*)$/.exec(label);
  return found && { head: found[1], number: found[2].replace('\u2212', '-'), tail: found[3] };
}

function formatOf(ticks, scale, comma, say) {
  const all = ticks.map(([value, label]) => ({ value: value / scale, ...parts(label) }));
  const digits = Math.max(...all.map(({ number }) => decimals(number)));
  const [{ head, tail }] = all;
  // "0" is often written without its unit
  const fits = all.every((t) => (t.number === say(t.value, digits) || Number(t.number.replaceAll(',', '')) === t.value && !t.number.includes(','))
    && (t.value === 0 || t.head === all.at(-1).head && t.tail === all.at(-1).tail));
  if (!fits || /["\\]/.test(head + tail)) return null;
  const { head: before, tail: behind } = all.at(-1);
  const number = `${say === grouped ? '#,##0' : '0'}${digits ? `.${'0'.repeat(digits)}` : ''}`;
  return before || behind || comma || say === grouped || digits ? `${literal(before)}${number}${comma}${literal(behind)}` : 'General';
}

/**
 * @param {[number, string][]} ticks  values and how they are written
 * @returns {string | null} null when no format does that
 */
export function numberFormat(ticks) {
  const told = ticks.filter(([, label]) => label !== '');
  if (!told.length) return 'General';
  if (told.some(([value, label]) => value === null || !parts(label))) return null;
  for (const [scale, comma] of SCALES) {
    for (const say of [plain, grouped]) {
      const format = formatOf(told, scale, comma, say);
      if (format) return format;
    }
  }
  if (told.every(([value, label]) => label === `${Math.round(value * 100)}%`)) return '0%';
  return null;
}
