import { FailureError } from '../../common/errors.js';
import type { Point } from '../contract/points.js';
import { pointsAs } from '../kit/read-as.js';
import type { MilvusClient } from './client.js';
import { partitionsOf } from './facts-of.js';
import { literal } from './filter.js';
import { PARTITION } from './foreign.js';
import type { Layout } from './layout.js';
import { type QueryOptions, queryKeys } from './query.js';

export type Convert = (points: readonly Point[], reading: Omit<QueryOptions, 'expr'>) => Promise<Point[]>;

/** What the user said of a collection of others, done to its points. */
export function converter(client: MilvusClient, layout: Layout): Convert {
  const { as, own } = layout;
  if (own) return async (points) => [...points];
  const { tenant, ...others } = as;
  if (tenant !== PARTITION) {
    const convert = pointsAs('milvus', as);
    return async (points) => points.map(convert);
  }
  const convert = pointsAs('milvus', others);
  const names = partitionsOf(client, layout.name);
  // Asked for later, and told there.
  names.catch(() => undefined);
  return async (points, reading) => {
    const found = await partitionByKey(client, layout, points, reading, await names);
    return points.map((point) => {
      const partition = found.get(String(point.id));
      if (partition !== undefined) return { ...convert(point), tenant: partition };
      throw new FailureError('a point is in no partition: it was deleted or written meanwhile', {
        where: 'milvus: scan',
        got: String(point.id),
        next: 'export again while nothing is written',
      });
    });
  };
}

/** No answer says in which partition a point is: each is asked for the keys of the page. */
async function partitionByKey(
  client: MilvusClient,
  layout: Layout,
  points: readonly Point[],
  reading: Omit<QueryOptions, 'expr'>,
  partitions: readonly { name: string }[],
): Promise<Map<string, string>> {
  const found = new Map<string, string>();
  const expr = `${layout.key} in [${points.map(({ id }) => literal('integer', id)).join(', ')}]`;
  for (const { name } of partitions) {
    if (found.size === points.length) break;
    const options = { ...reading, limit: points.length, expr, partition: name };
    for (const key of await queryKeys(client, layout, options)) found.set(String(key), name);
  }
  return found;
}
