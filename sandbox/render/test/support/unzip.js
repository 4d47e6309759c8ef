// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import zlib from 'node:zlib';

/**
 * Reads a ZIP by its central directory and checks every sum.
 * @param {Buffer} bytes
 * @returns {Map<string, Buffer>} in order
 */
export function unzip(bytes) {
  const end = bytes.lastIndexOf('PK\x05\x06', undefined, 'latin1');
  const files = new Map();
  let at = bytes.readUInt32LE(end + 16);
  for (let left = bytes.readUInt16LE(end + 10); left > 0; left--) {
    const [method, crc, packed, size] = [bytes.readUInt16LE(at + 10), ...[16, 20, 24].map((i) => bytes.readUInt32LE(at + i))];
    const [nameLength, extra, comment] = [28, 30, 32].map((i) => bytes.readUInt16LE(at + i));
    const local = bytes.readUInt32LE(at + 42);
    const name = bytes.toString('utf8', at + 46, at + 46 + nameLength);
    const start = local + 30 + bytes.readUInt16LE(local + 26) + bytes.readUInt16LE(local + 28);
    const raw = bytes.subarray(start, start + packed);
    const data = method ? zlib.inflateRawSync(raw) : Buffer.from(raw);
    assert.equal(data.length, size, name);
    assert.equal(zlib.crc32(data), crc, name);
    files.set(name, data);
    at += 46 + nameLength + extra + comment;
  }
  return files;
}
