// SPDX-License-Identifier: Apache-2.0
/*
 * What the clips of an item leave of it: all, nothing, or a smaller item of another outline.
 */
import { bounds, clipPolygon, cut, isConvex, shapePolygons } from './geometry.js';

const EDGE = 0.75;

function hides(clip, item) {
  return item.x >= clip.x + clip.w || item.y >= clip.y + clip.h || item.x + item.w <= clip.x || item.y + item.h <= clip.y;
}

/** Is a point inside a polygon or within a hair of it? */
function inside([px, py], polygon) {
  let odd = false;
  for (let i = 0, k = polygon.length - 1; i < polygon.length; k = i++) {
    const [ax, ay] = polygon[i];
    const [bx, by] = polygon[k];
    const length = Math.hypot(bx - ax, by - ay) || 1;
    const t = Math.max(0, Math.min(1, ((px - ax) * (bx - ax) + (py - ay) * (by - ay)) / (length * length)));
    if (Math.hypot(px - ax - t * (bx - ax), py - ay - t * (by - ay)) <= EDGE) return true;
    if (ay > py !== by > py && px < (bx - ax) * (py - ay) / (by - ay) + ax) odd = !odd;
  }
  return odd;
}

/** A clip that does not cut is dropped: content usually lies inside. */
function cutting(item, clips) {
  const points = shapePolygons(item).flat();
  return clips.filter((clip) => {
    const polygon = clipPolygon(clip);
    return !points.every((p) => inside(p, polygon));
  });
}

/** A rectangle cut by rectangles is a rectangle. */
function plainCut(item, clips) {
  if (item.geometry && item.geometry.type !== 'rect') return null;
  if (clips.some((c) => c.points || c.radii)) return null;
  const x = Math.max(item.x, ...clips.map((c) => c.x));
  const y = Math.max(item.y, ...clips.map((c) => c.y));
  return { x, y, w: Math.min(item.x + item.w, ...clips.map((c) => c.x + c.w)) - x, h: Math.min(item.y + item.h, ...clips.map((c) => c.y + c.h)) - y, geometry: { type: 'rect' } };
}

/** The outline of a clip, when the item covers all of it. */
function coversClip(item, clips) {
  if (clips.length !== 1 || item.geometry && item.geometry.type !== 'rect') return null;
  const [clip] = clips;
  if (clip.points || !clip.radii) return null;
  const covers = item.x <= clip.x + EDGE && item.y <= clip.y + EDGE && item.x + item.w >= clip.x + clip.w - EDGE && item.y + item.h >= clip.y + clip.h - EDGE;
  if (!covers || clip.radii.some((r) => Math.abs(r - clip.radii[0]) > 0.5)) return null;
  const { x, y, w, h } = clip;
  const r = Math.min(clip.radii[0], w / 2, h / 2);
  return { x, y, w, h, geometry: r >= w / 2 - 0.1 && r >= h / 2 - 0.1 ? { type: 'ellipse' } : { type: 'round', r } };
}

function polygonCut(item, clips) {
  let polygons = shapePolygons(item);
  for (const clip of clips) {
    const polygon = clipPolygon(clip);
    if (isConvex(polygon)) polygons = polygons.map((p) => cut(p, polygon));
    else if (polygons.length === 1 && isConvex(polygons[0])) polygons = [cut(polygon, polygons[0])];
    polygons = polygons.filter((p) => p.length > 2);
  }
  if (!polygons.length) return null;
  const box = bounds(polygons.flat());
  const path = polygons.flatMap((p) => [...p.map(([x, y], i) => [i ? 'L' : 'M', x - box.x, y - box.y]), ['Z']]);
  return { ...box, geometry: { type: 'path', paths: [path] } };
}

/** Keeps a gradient or a picture where it was when its box shrinks. */
function keepContent(item, part) {
  if (item.kind === 'picture') {
    const crop = item.crop ?? { l: 0, t: 0, r: 0, b: 0 };
    const [sx, sy] = [(1 - crop.l - crop.r) / item.w, (1 - crop.t - crop.b) / item.h];
    return {
      crop: {
        l: crop.l + (part.x - item.x) * sx, t: crop.t + (part.y - item.y) * sy,
        r: crop.r + (item.x + item.w - part.x - part.w) * sx, b: crop.b + (item.y + item.h - part.y - part.h) * sy,
      },
    };
  }
  return {};
}

/**
 * @param {object} item  shape or picture
 * @returns {object | null} null when nothing is left
 */
export function clipped(item) {
  const clips = item.rot ? [] : item.clip ?? [];
  if (!clips.length || item.w === 0 && item.h === 0) return item;
  if (clips.some((clip) => hides(clip, item))) return null;
  const real = cutting(item, clips);
  if (!real.length) return item;
  const part = plainCut(item, real) ?? coversClip(item, real) ?? polygonCut(item, real);
  if (!part || part.w <= 0.05 && part.h <= 0.05 || part.w < 0 || part.h < 0) return null;
  const whole = part.geometry.type !== 'path' || item.line === undefined;
  return { ...item, ...part, ...keepContent(item, part), ...(!whole && { line: undefined }) };
}
