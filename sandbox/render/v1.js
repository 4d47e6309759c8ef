// SPDX-License-Identifier: Apache-2.0
/*
 * The presentation of exact pictures: each slide is its preview, as large as fits.
 */
import { PAGE, Presentation } from './pptx/skeleton.js';
import { escape } from './pptx/xml.js';

/** Where a slide of this size goes on the page, in EMU. */
export function fit(width, height) {
  const scale = Math.min(PAGE.width / width, PAGE.height / height);
  const cx = Math.max(1, Math.round(width * scale));
  const cy = Math.max(1, Math.round(height * scale));
  return { x: Math.round((PAGE.width - cx) / 2), y: Math.round((PAGE.height - cy) / 2), cx, cy };
}

function picture(slide, id) {
  const { x, y, cx, cy } = fit(slide.width, slide.height);
  return `<p:pic><p:nvPicPr><p:cNvPr id="2" name="Slide ${slide.number}" descr="${escape(slide.title)}"/>`
    + '<p:cNvPicPr><a:picLocks noChangeAspect="1"/></p:cNvPicPr><p:nvPr/></p:nvPicPr>'
    + `<p:blipFill><a:blip r:embed="${id}"/><a:stretch><a:fillRect/></a:stretch></p:blipFill>`
    + `<p:spPr><a:xfrm><a:off x="${x}" y="${y}"/><a:ext cx="${cx}" cy="${cy}"/></a:xfrm><a:prstGeom prst="rect"><a:avLst/></a:prstGeom></p:spPr></p:pic>`;
}

/**
 * @param {{slides: import('./shots.js').Slide[], title: string, language: string, file: string}} job
 */
export async function write({ slides, title, language, file }) {
  const presentation = new Presentation({ title, language });
  for (const slide of slides) {
    const page = presentation.slide('Blank');
    page.write(picture(slide, page.picture({ file: slide.file }, 'image/png')));
  }
  presentation.write(file);
}
