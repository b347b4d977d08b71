import { FailureError, shorten } from '../../common/errors.js';
import type { Description, Point, PointValue, ReadAs } from '../contract/points.js';
import { vectorIn } from './vectors.js';

const PARTS = ['text', 'uri', 'tenant'] as const;

/**
 * Points of an engine without columns, as `ReadAs` says: metadata keys that are the text, the URI or the tenant, and keys
 * and vectors that are left out. The function throws FailureError for a value that is no text (or integer, of a tenant).
 */
export function pointsAs(engine: string, as: ReadAs): (point: Point) => Point {
  const { omit = [] } = as;
  const parts = PARTS.filter((part) => as[part] !== undefined);
  if (omit.length === 0 && parts.length === 0) return (point) => point;
  return (point) => {
    const metadata: Record<string, PointValue> = { ...point.metadata };
    const found: Partial<Record<(typeof PARTS)[number], string>> = {};
    for (const part of parts) {
      const name = as[part]!;
      if (!Object.hasOwn(metadata, name)) continue;
      const text = textOf(part, metadata[name]!);
      if (text === undefined) {
        throw new FailureError(`field "${name}" of id ${shorten(point.id)} is no ${part}`, {
          where: engine,
          got: metadata[name],
          next: `leave ?${part}= away, and the field stays one`,
        });
      }
      if (text !== null) found[part] = text;
      delete metadata[name];
    }
    for (const name of omit) delete metadata[name];
    const vectors = omit.some((name) => vectorIn(point.vectors, name) !== undefined)
      ? Object.fromEntries(Object.entries(point.vectors).filter(([name]) => !omit.includes(name)))
      : point.vectors;
    return { ...point, vectors, metadata, ...found };
  };
}

/** Null: it has none. Undefined: it is something else. */
function textOf(part: (typeof PARTS)[number], value: PointValue): string | null | undefined {
  if (value === null || typeof value === 'string') return value;
  const isInteger = typeof value === 'bigint' || Number.isSafeInteger(value);
  return part === 'tenant' && isInteger ? String(value) : undefined;
}

/** The same for what an engine says of the collection. */
export function describedAs(as: ReadAs, description: Description): Description {
  const { omit = [] } = as;
  const parts = PARTS.filter((part) => as[part] !== undefined);
  const taken = [...omit, ...parts.map((part) => as[part]!)];
  if (taken.length === 0) return description;
  const { spec, fields } = description;
  return {
    ...description,
    spec: {
      ...spec,
      ...Object.fromEntries(parts.map((part) => [part, true])),
      vectors: spec.vectors.filter(({ name }) => !omit.includes(name)),
    },
    fields: fields.filter(({ name }) => !taken.includes(name)),
    ...(omit.length > 0 && { omitted: omit }),
  };
}
