import type { Capabilities } from '../../engines/contract/capabilities.js';
import type { Point } from '../../engines/contract/points.js';
import type { CollectionSpec } from '../../engines/contract/spec.js';
import { flatten } from '../../engines/kit/check.js';
import { vectorIn, whyNotVectorValue } from '../../engines/kit/vectors.js';

/** Accepted losses that concern a whole point; `openLosses` has stopped those that are not. */
export function whyLeftOut(
  { points, metadata }: Capabilities,
  { vectors }: Pick<CollectionSpec, 'vectors'>,
  point: Point,
): string | undefined {
  for (const field of vectors) {
    const value = vectorIn(point.vectors, field.name);
    if (value === undefined && points!.vectors.absent === 'refused') return `no vector "${field.name}"`;
    if (value !== undefined && whyNotVectorValue(field, value)?.startsWith('holds') === true)
      return `vector "${field.name}" is not finite`;
  }
  const most = metadata?.maxTextBytes;
  if (most === undefined) return undefined;
  const texts = [point.text, point.uri, ...Object.values(flatten(point.metadata)).flat()];
  if (texts.some((text) => typeof text === 'string' && Buffer.byteLength(text) > most))
    return `a text of more than ${most} bytes`;
  return undefined;
}

/** Nobody knows who may see such a point: the loss was accepted, and it stays out. */
export function whyUnprotected(required: readonly string[], { metadata }: Point): string | undefined {
  if (required.length === 0) return undefined;
  const flat = flatten(metadata);
  const without = required.find((name) => !Object.hasOwn(flat, name) || flat[name] === null);
  return without === undefined ? undefined : `no value of the required field "${without}"`;
}
