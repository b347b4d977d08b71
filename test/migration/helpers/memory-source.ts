import type { Capabilities } from '../../../engines/contract/capabilities.js';
import type { IdKind } from '../../../engines/contract/ids.js';
import type {
  CollectionFacts,
  ColumnPage,
  Consistency,
  Description,
  Point,
  ScanOptions,
  ScanPage,
} from '../../../engines/contract/points.js';
import type { VectorField } from '../../../engines/contract/vectors.js';
import type { OpenSource } from '../../../migration/connections/open-source.js';
import { columnsOf } from './columns-of.js';

export interface MemoryOptions {
  ids: IdKind | null;
  vectors: readonly VectorField[];
  fields?: Description['fields'];
  /** What it tells of itself beside. */
  facts?: CollectionFacts;
  consistency?: Consistency;
  watermark?: string | null;
  /** What its counter says, if not the truth. */
  count?: () => number;
  /** It can be cut, at places in its order. */
  ranges?: boolean;
  /** It gives columns, too. */
  columns?: boolean;
  /** Called before each page; may throw. */
  beforePage?: (page: number) => void;
}

/** A source that holds everything and can fail at any page, which no real one does on demand. */
export function memorySource(points: readonly Point[], options: MemoryOptions): OpenSource {
  const { ids, vectors, fields = [], consistency = 'snapshot', watermark = 'moment 1' } = options;
  const description = (): Description => ({
    spec: { name: 'docs', vectors },
    ids,
    index: { type: 'flat' },
    fields,
    ...options.facts,
    count: options.count?.() ?? points.length,
  });
  const snapshot = async () => ({
    consistency,
    watermark,
    ...(options.ranges === true && {
      ranges: async (n: number) =>
        Array.from({ length: n }, (_, i) =>
          [i, i + 1].map((each) => Math.floor((each * points.length) / n)).join('-'),
        ),
    }),
    async *scan({
      batchSize,
      after,
      range,
    }: {
      batchSize: number;
      after?: string | undefined;
      range?: string | undefined;
    }): AsyncIterable<ScanPage> {
      const [from, to] = range?.split('-').map(Number) ?? [0, points.length];
      for (let at = Number(after ?? from), page = 0; at < to!; at += batchSize, page++) {
        options.beforePage?.(page);
        const taken = points.slice(at, Math.min(to!, at + batchSize));
        yield { points: taken, cursor: String(at + taken.length) };
      }
    },
    close: async () => {},
  });
  const withColumns = async () => {
    const taken = await snapshot();
    if (options.columns !== true) return taken;
    return {
      ...taken,
      async *columns(scan: ScanOptions): AsyncIterable<ColumnPage> {
        for await (const { points: some, cursor } of taken.scan(scan))
          yield { columns: columnsOf(some, vectors, fields), cursor };
      },
    };
  };
  const definition = {
    name: 'memory',
    title: 'Memory',
    capabilities: {
      integerIds: 'unsigned',
      points: { snapshot: { consistency, reopens: false } },
    } as unknown as Capabilities,
  };
  return {
    definition,
    engineVersion: '1',
    place: 'memory:',
    collection: { name: 'docs', points: { describe: async () => description(), snapshot: withColumns } },
    close: async () => {},
  } as unknown as OpenSource;
}
