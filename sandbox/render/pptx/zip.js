// SPDX-License-Identifier: Apache-2.0
/*
 * A ZIP file of entries in the order given: every time is 1980-01-01, so same entries, same bytes.
 *
 *   local header, name, bytes   for each entry
 *   central header, name        for each entry
 *   end of central directory
 *
 * One entry's bytes are in memory at a time. No ZIP64: the caller's ceiling is far below 4 GiB.
 */
import fs from 'node:fs';
import zlib from 'node:zlib';

const STORED = 0;
const DEFLATED = 8;
const VERSION = 20;
const UTF8_NAME = 0x0800;
const DAY_ONE = 0x0021;

/** The 26 bytes that local and central header share. */
function common(entry) {
  const bytes = Buffer.alloc(26);
  bytes.writeUInt16LE(VERSION, 0);
  bytes.writeUInt16LE(UTF8_NAME, 2);
  bytes.writeUInt16LE(entry.method, 4);
  bytes.writeUInt16LE(0, 6);
  bytes.writeUInt16LE(DAY_ONE, 8);
  bytes.writeUInt32LE(entry.crc, 10);
  bytes.writeUInt32LE(entry.packed, 14);
  bytes.writeUInt32LE(entry.size, 18);
  bytes.writeUInt16LE(entry.name.length, 22);
  return bytes;
}

function localHeader(entry) {
  return Buffer.concat([Buffer.from('PK\x03\x04', 'latin1'), common(entry), entry.name]);
}

function centralHeader(entry) {
  const tail = Buffer.alloc(14);
  tail.writeUInt32LE(entry.offset, 10);
  return Buffer.concat([Buffer.from('PK\x01\x02', 'latin1'), Buffer.from([VERSION, 0]), common(entry), tail, entry.name]);
}

function endOfDirectory(count, size, offset) {
  const bytes = Buffer.alloc(22);
  bytes.write('PK\x05\x06', 'latin1');
  bytes.writeUInt16LE(count, 8);
  bytes.writeUInt16LE(count, 10);
  bytes.writeUInt32LE(size, 12);
  bytes.writeUInt32LE(offset, 16);
  return bytes;
}

/**
 * @typedef {object} Entry
 * @property {string} name
 * @property {Buffer | string | {file: string}} data  bytes, text, or a file to take them from
 * @property {boolean} [store]                        not compressed: pictures already are
 */

function bytesOf(data) {
  if (typeof data === 'string') return Buffer.from(data);
  return Buffer.isBuffer(data) ? data : fs.readFileSync(data.file);
}

/**
 * Writes the entries, handing every piece to put.
 * @param {Iterable<Entry>} entries
 * @param {(piece: Buffer) => void} put
 */
export function zipTo(entries, put) {
  let offset = 0;
  const written = [];
  const write = (piece) => {
    put(piece);
    offset += piece.length;
  };
  for (const { name, data, store } of entries) {
    const bytes = bytesOf(data);
    const packed = store ? bytes : zlib.deflateRawSync(bytes, { level: 6 });
    const entry = {
      name: Buffer.from(name),
      method: store ? STORED : DEFLATED,
      crc: zlib.crc32(bytes),
      size: bytes.length,
      packed: packed.length,
      offset,
    };
    written.push(entry);
    write(localHeader(entry));
    write(packed);
  }
  const directory = offset;
  for (const entry of written) write(centralHeader(entry));
  write(endOfDirectory(written.length, offset - directory, directory));
}

/** @param {Iterable<Entry>} entries */
export function zip(entries) {
  const pieces = [];
  zipTo(entries, (piece) => pieces.push(piece));
  return Buffer.concat(pieces);
}

/**
 * @param {string} path
 * @param {Iterable<Entry>} entries
 */
export function zipFile(path, entries) {
  const file = fs.openSync(path, 'w');
  try {
    zipTo(entries, (piece) => {
      for (let done = 0; done < piece.length;) done += fs.writeSync(file, piece, done);
    });
  } finally {
    fs.closeSync(file);
  }
}
