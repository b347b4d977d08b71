import type { CollectionFacts, PartitionFacts, VectorIndexFacts } from '../contract/points.js';
import type { Session } from './client.js';
import type { VectorIndex } from './indexes.js';
import type { Layout } from './layout.js';

/** The first valid index over each vector; a search uses one of its metric. */
export function indexesOf(
  { vectors }: Layout,
  indexes: readonly VectorIndex[],
): Readonly<Record<string, VectorIndexFacts>> {
  return Object.fromEntries(
    vectors.flatMap(({ field, column }) => {
      const index = indexes.find((each) => each.column === column && each.valid);
      if (index === undefined) return [];
      const { name, parameters } = index;
      return [[field.name, { name, parameters: parameters as VectorIndexFacts['parameters'] }] as const];
    }),
  );
}

/** Partitions of a partitioned table, whether the server makes the keys, and what hides rows. */
export async function factsOf(
  session: Pick<Session, 'ask'>,
  { table, key, as }: Layout,
): Promise<Pick<CollectionFacts, 'partitions' | 'autoIds' | 'omitted' | 'notes'>> {
  const partitions = await session.ask(
    'SELECT i.inhrelid::regclass::text FROM pg_inherits i WHERE i.inhparent = $1::text::regclass ORDER BY 1',
    [table],
  );
  const [row] = await session.ask(
    "SELECT c.relrowsecurity, EXISTS (SELECT FROM pg_attribute a LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum WHERE a.attrelid = c.oid AND a.attname = $2::text AND (a.attidentity <> '' OR d.oid IS NOT NULL)) FROM pg_class c WHERE c.oid = $1::text::regclass",
    [table, key.column],
  );
  const names = partitions.map(([name]): PartitionFacts => ({ kind: 'partition', name: name! }));
  return {
    autoIds: row?.[1] === 't',
    ...(names.length > 0 && { partitions: names }),
    ...(as.omit !== undefined && { omitted: as.omit }),
    ...(row?.[0] === 't' && { notes: ['row-level security is switched on: other users see other rows'] }),
  };
}
