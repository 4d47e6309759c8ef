// SPDX-License-Identifier: Apache-2.0
/* From pixels of a slide to the units of DrawingML. */
import { PAGE } from './skeleton.js';

/** The largest place for a slide on the page, centred. */
export class Frame {
  constructor(width, height) {
    this.scale = Math.min(PAGE.width / width, PAGE.height / height);
    this.left = (PAGE.width - width * this.scale) / 2;
    this.top = (PAGE.height - height * this.scale) / 2;
  }

  /** The same lengths for pixels of another size: those of a canvas that is shown larger than it is. */
  scaled(factor) {
    return Object.assign(Object.create(Frame.prototype), this, { scale: this.scale * factor });
  }

  x(px) {
    return Math.round(this.left + px * this.scale);
  }

  y(px) {
    return Math.round(this.top + px * this.scale);
  }

  /** A length in EMU. */
  emu(px) {
    return Math.round(px * this.scale);
  }

  /** A length in hundredths of a point: font sizes, spacing. */
  points(px) {
    return Math.round(px * this.scale / 127);
  }

  /** @param {{x: number, y: number, w: number, h: number, rot?: number, flipH?: boolean}} box */
  xfrm(box, tag = 'a:xfrm') {
    const turn = box.rot ? ` rot="${degrees(box.rot)}"` : '';
    return `<${tag}${turn}><a:off x="${this.x(box.x)}" y="${this.y(box.y)}"/>`
      + `<a:ext cx="${Math.max(0, this.emu(box.w))}" cy="${Math.max(0, this.emu(box.h))}"/></${tag}>`;
  }
}

/** An angle in 60000ths of a degree, from 0 on. */
export function degrees(angle) {
  return Math.round(((angle % 360) + 360) % 360 * 60000) % 21600000;
}
