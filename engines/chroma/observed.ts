import type { FieldType } from '../../datasets/dataset.js';
import type { Description, Point, PointValue } from '../contract/points.js';

/** Fields of a collection that others made, from all of its points: the server keeps no types. */
export async function observedFields(
  pages: AsyncIterable<{ points: readonly Point[] }>,
): Promise<Description['fields']> {
  const seen = new Map<string, { types: Set<string>; points: number }>();
  let points = 0;
  for await (const { points: page } of pages) {
    points += page.length;
    for (const { metadata } of page) {
      for (const [name, value] of Object.entries(metadata)) {
        const field = seen.get(name) ?? { types: new Set(), points: 0 };
        field.types.add(typeOf(value));
        field.points += 1;
        seen.set(name, field);
      }
    }
  }
  return [...seen].map(([name, { types, points: having }]) => ({
    name,
    type: common(types),
    native: [...types].sort().join(' or '),
    nullable: having < points,
  }));
}

/** JSON does not tell 2.0 from 2: a field of whole numbers alone is one of integers. */
function typeOf(value: PointValue): FieldType | 'unknown' {
  if (Array.isArray(value)) {
    const type = common(new Set((value as readonly PointValue[]).map(typeOf)));
    return type === null ? 'unknown' : (`${type}[]` as FieldType);
  }
  if (typeof value === 'string' || typeof value === 'boolean') return typeof value as 'string' | 'boolean';
  if (typeof value === 'number') return Number.isInteger(value) ? 'integer' : 'float';
  return 'unknown';
}

function common(types: ReadonlySet<string>): FieldType | null {
  const [first, ...others] = [...types].sort();
  if (first === undefined || types.has('unknown')) return null;
  if (others.length === 0) return first as FieldType;
  if (first === 'float' && others.join() === 'integer') return 'float';
  return first === 'float[]' && others.join() === 'integer[]' ? 'float[]' : null;
}
