import { parseJson } from '../../common/json.js';
import type { Metadata, PointValue } from '../../engines/contract/points.js';

/**
 * Metadata as JSON that keeps it exactly: integers have all their digits, and a number with a point or an exponent is a
 * double, so that -0 keeps its sign and doubles beyond 2^53 are not taken for integers of so many digits. Timestamps
 * are integers; which ones they are stands in the manifest.
 */

/** @param notFinite what stands for a NaN or an infinity at a JSON Pointer, or throws */
export function metadataJson(
  value: PointValue,
  notFinite: (value: number, pointer: string) => string,
  pointer = '',
): string {
  if (typeof value === 'bigint') return String(value);
  if (typeof value === 'number') return Number.isFinite(value) ? double(value) : notFinite(value, pointer);
  if (Array.isArray(value)) {
    const elements = (value as readonly PointValue[]).map((each, i) =>
      metadataJson(each, notFinite, `${pointer}/${i}`),
    );
    return `[${elements.join(',')}]`;
  }
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const entries = Object.entries(value as Metadata).map(
    ([key, each]) => `${JSON.stringify(key)}:${metadataJson(each, notFinite, `${pointer}/${escaped(key)}`)}`,
  );
  return `{${entries.join(',')}}`;
}

function double(value: number): string {
  if (Object.is(value, -0)) return '-0.0';
  return Number.isSafeInteger(value) || !Number.isInteger(value)
    ? JSON.stringify(value)
    : value.toExponential();
}

/** RFC 6901. */
function escaped(key: string): string {
  return key.replaceAll('~', '~0').replaceAll('/', '~1');
}

/**
 * The reverse of `metadataJson`.
 * @param timestamps dotted paths of timestamps
 * @throws SyntaxError if the text is no JSON
 */
export function parseMetadata(text: string, timestamps: ReadonlySet<string>): Metadata {
  const metadata = parseJson(text) as Metadata;
  return timestamps.size === 0 ? metadata : (withTimestamps(metadata, timestamps, '') as Metadata);
}

/** Timestamps as what they are in memory. */
export function withTimestamps(value: PointValue, timestamps: ReadonlySet<string>, path: string): PointValue {
  if (typeof value === 'number')
    return timestamps.has(path) && Number.isInteger(value) && !Object.is(value, -0) ? BigInt(value) : value;
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value))
    return (value as readonly PointValue[]).map((each) =>
      withTimestamps(each, timestamps, path),
    ) as PointValue;
  const object = Object.create(null) as Record<string, PointValue>;
  for (const [key, each] of Object.entries(value as Metadata))
    object[key] = withTimestamps(each, timestamps, path === '' ? key : `${path}.${key}`);
  return object;
}
